import type { JmesFunctions } from '../expression/jmes-functions.ts';
import type { TemplateNode } from '../template-file.ts';
import type { JsonSchema } from '../template-schema.ts';
import type { ContentTemplate } from './content-template.ts';
import type { Report } from './template-members.ts';

/** A type of device content template: one module, registered in `content-language.ts`. */
export interface TemplateKind {
  /** Accepted as `templateType`, ignoring case; the usual spelling first. */
  readonly spellings: readonly [string, ...string[]];
  /** In a sentence, for editors. */
  readonly description: string;
  /** Of its `template`, for editors. */
  readonly schema: JsonSchema;
  /** Reads its `template`; undefined after reporting what is wrong with it. */
  read(template: TemplateNode, context: KindContext): ContentTemplate | undefined;
}

/** What reading a template needs besides the template. */
export interface KindContext {
  /** Its place in the collection. */
  readonly index: number;
  readonly report: Report;
  /** What its JMESPath expressions may call. */
  readonly functions: JmesFunctions;
}

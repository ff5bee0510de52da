import type { TimePrecision } from '../../core/fhir-date-time.ts';
import type { JsonSchema } from '../template-schema.ts';
import type { ResourceTemplate } from './fhir-mapping.ts';
import type { SingleId } from './period-interval.ts';
import type { TemplateObject } from './template-object.ts';

export interface FhirMappingOptions {
  /** `seconds` gives Single Observations the original's ids, so that those of one second share one; for a cut-over. */
  readonly singleId?: SingleId;
  /** How times are written into resources. */
  readonly timePrecision?: TimePrecision;
}

/** A template type of the FHIR mapping: it decides which resource measurements become. */
export interface MappingKind {
  /** As `templateType` names it, in any case; the usual one first. */
  readonly spellings: readonly [string, ...string[]];
  /** In a sentence, for editors. */
  readonly description: string;
  /** Of its `template`, for editors. */
  readonly schema: JsonSchema;
  /** Undefined when the mapping is wrong, which is then noted at its place. */
  read(object: TemplateObject, options: Required<FhirMappingOptions>): ResourceTemplate | undefined;
}

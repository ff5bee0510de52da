import type { TemplateIssue, TemplateIssueCode } from '../core/template-issue.ts';
import { RELAXED_JSON } from './json-dialect.ts';
import { JsonSyntaxError, RelaxedJsonReader } from './relaxed-json-reader.ts';
import { templateNodes } from './template-node.ts';
import type { TemplateNode } from './template-node.ts';
import { offsetInText, placeAt } from './text-place.ts';

export type { TemplateNode } from './template-node.ts';

export interface TemplateFile {
  /** Absent when the text cannot be read; `issues` then says where. */
  readonly root: TemplateNode | undefined;
  readonly issues: TemplateIssue[];
  /**
   * An issue at the place of a node.
   *
   * @param within index of a character in the node's text, when the issue is about what stands there
   */
  readonly issueAt: (
    node: TemplateNode,
    severity: TemplateIssue['severity'],
    code: TemplateIssueCode,
    message: string,
    within?: number,
  ) => TemplateIssue;
}

/**
 * Reads a template file: JSON that may hold comments, trailing commas and single-quoted texts; 64 levels deep at most.
 * Never throws: what cannot be read is an issue `TEMPLATE_SYNTAX`, and so is text after the document. A member that
 * comes twice in an object, ignoring case, is a warning `TEMPLATE_MEMBER_REPEATED`; the last one holds.
 */
export function readTemplateFile(text: string): TemplateFile {
  const issueAt: TemplateFile['issueAt'] = ({ offset, pointer }, severity, code, message, within) => {
    const at = within === undefined ? offset : offsetInText(text, offset, within);
    return { severity, code, message, pointer, ...placeAt(text, at) };
  };
  const repeated: TemplateNode[] = [];
  const reader = new RelaxedJsonReader(text, RELAXED_JSON, templateNodes(repeated));
  try {
    const root = reader.read();
    const issues = repeated.map((node) =>
      issueAt(
        node,
        'warning',
        'TEMPLATE_MEMBER_REPEATED',
        'This member came before in the same object; this one holds',
      ),
    );
    const trailing = reader.trailingOffset();
    if (trailing !== undefined) issues.push(syntaxIssue(text, trailing, '', 'Expected nothing after the document'));
    return { root, issues, issueAt };
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return { root: undefined, issues: [syntaxIssue(text, error.offset, error.pointer, error.message)], issueAt };
  }
}

function syntaxIssue(text: string, offset: number, pointer: string, message: string): TemplateIssue {
  return { severity: 'error', code: 'TEMPLATE_SYNTAX', message, pointer, ...placeAt(text, offset) };
}

import type { TemplateIssue, TemplateIssueCode } from '../core/template-issue.ts';
import type { TemplateNode } from './template-node.ts';
import { TemplateReader, TemplateSyntaxError } from './template-reader.ts';

export type { TemplateNode } from './template-node.ts';

export interface TemplateFile {
  /** Absent when the text cannot be read; `issues` then says where. */
  readonly root: TemplateNode | undefined;
  readonly issues: TemplateIssue[];
  /** An issue at the place of a node. */
  readonly issueAt: (
    node: TemplateNode,
    severity: TemplateIssue['severity'],
    code: TemplateIssueCode,
    message: string,
  ) => TemplateIssue;
}

/**
 * Reads a template file: JSON that may hold comments, trailing commas and single-quoted texts; 64 levels deep at most.
 * Never throws: what cannot be read is an issue `TEMPLATE_SYNTAX`, and so is text after the document. A member that
 * comes twice in an object, ignoring case, is a warning `TEMPLATE_MEMBER_REPEATED`; the last one holds.
 */
export function readTemplateFile(text: string): TemplateFile {
  const issueAt: TemplateFile['issueAt'] = (node, severity, code, message) =>
    issueAtOffset(text, node.offset, { severity, code, message, pointer: node.pointer });
  const reader = new TemplateReader(text);
  try {
    const root = reader.read();
    const issues = reader.repeated.map((node) =>
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
    if (!(error instanceof TemplateSyntaxError)) throw error;
    return { root: undefined, issues: [syntaxIssue(text, error.offset, error.pointer, error.message)], issueAt };
  }
}

function syntaxIssue(text: string, offset: number, pointer: string, message: string): TemplateIssue {
  return issueAtOffset(text, offset, { severity: 'error', code: 'TEMPLATE_SYNTAX', message, pointer });
}

function issueAtOffset(text: string, offset: number, issue: Omit<TemplateIssue, 'line' | 'column'>): TemplateIssue {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { ...issue, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

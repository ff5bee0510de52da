import type { TemplateIssue, TemplateIssueCode } from '../../core/template-issue.ts';
import { numberText } from '../expression/text-conversion.ts';
import type { TemplateNode } from '../template-file.ts';

/** Notes an issue at a node. */
export type Report = (
  node: TemplateNode,
  severity: TemplateIssue['severity'],
  code: TemplateIssueCode,
  message: string,
) => void;

/** An object of a template file whose members are read by name, ignoring case, each problem reported at its place. */
export class TemplateMembers {
  readonly node: TemplateNode;
  readonly report: Report;

  constructor(node: TemplateNode, report: Report) {
    this.node = node;
    this.report = report;
  }

  /** The member if it is there and not null. */
  given(name: string): TemplateNode | undefined {
    const member = this.node.member(name);
    return member?.kind === 'null' ? undefined : member;
  }

  /** As `given`; reports a member that is missing or null. */
  required(name: string): TemplateNode | undefined {
    const member = this.node.member(name);
    if (!member) this.report(this.node, 'error', 'TEMPLATE_MEMBER_MISSING', `Expected a member "${name}"`);
    else if (member.kind === 'null')
      this.report(member, 'error', 'TEMPLATE_MEMBER_MISSING', `"${name}" must not be null`);
    return member?.kind === 'null' ? undefined : member;
  }

  /** A text that is not blank. */
  requiredText(name: string): string | undefined {
    const member = this.required(name);
    const text = member && this.text(member, name);
    if (member && text?.trim() === '') {
      this.report(member, 'error', 'TEMPLATE_MEMBER_BLANK', `"${name}" must not be blank`);
      return undefined;
    }
    return text;
  }

  /** Numbers and booleans count as their text, as in the original. */
  text(member: TemplateNode, name: string): string | undefined {
    const { value } = member;
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return numberText(value);
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    this.report(member, 'error', 'TEMPLATE_MEMBER_KIND', `Expected "${name}" to be a text`);
    return undefined;
  }

  /** False where absent; texts and numbers as the original reads them. */
  flag(name: string): boolean {
    const member = this.node.member(name);
    if (!member) return false;
    const { value } = member;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number') return value !== 0;
    const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
    if (text !== 'true' && text !== 'false') {
      this.report(member, 'error', 'TEMPLATE_MEMBER_KIND', `Expected "${name}" to be true or false`);
    }
    return text === 'true';
  }

  /** Reports members that no such object has. */
  onlyKnows(names: readonly string[], severity: TemplateIssue['severity'] = 'error'): void {
    const known = new Set(names.map((name) => name.toLowerCase()));
    for (const [name, member] of this.node.members) {
      if (known.has(name.toLowerCase())) continue;
      const expected = names.map((one) => `"${one}"`).join(', ');
      this.report(member, severity, 'TEMPLATE_MEMBER_UNKNOWN', `"${name}" is not known here; known are ${expected}`);
    }
  }
}

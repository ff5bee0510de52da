import type { TemplateIssue } from '../../core/template-issue.ts';
import { numberText } from '../expression/text-conversion.ts';
import type { TemplateFile, TemplateNode } from '../template-file.ts';
import type { MemberTable } from '../template-schema.ts';

/** The original takes these of any object with a place, and makes nothing of them. */
const MEANINGLESS: ReadonlySet<string> = new Set(['linenumber', 'lineposition', 'lineinfoforproperties']);

/** Notes an issue at a node; see `TemplateFile.issueAt`. */
export type Report = (...issue: Parameters<TemplateFile['issueAt']>) => void;

/**
 * An object of a template file whose members are read by name, ignoring case, each problem reported at its place. Only
 * what its table knows can be read.
 */
export class TemplateMembers<Name extends string> {
  readonly node: TemplateNode;
  readonly report: Report;
  private readonly table: Partial<MemberTable<Name>>;

  constructor(node: TemplateNode, table: Partial<MemberTable<Name>>, report: Report) {
    this.node = node;
    this.table = table;
    this.report = report;
  }

  /** The member if it is there and not null. */
  given(name: Name): TemplateNode | undefined {
    const member = this.node.member(name);
    return member?.kind === 'null' ? undefined : member;
  }

  /** As `given`; reports a member that is missing or null. */
  required(name: Name): TemplateNode | undefined {
    const member = this.node.member(name);
    if (!member) this.report(this.node, 'error', 'TEMPLATE_MEMBER_MISSING', `Expected a member "${name}"`);
    else if (member.kind === 'null')
      this.report(member, 'error', 'TEMPLATE_MEMBER_MISSING', `"${name}" must not be null`);
    return member?.kind === 'null' ? undefined : member;
  }

  /** A text that is not blank. */
  requiredText(name: Name): string | undefined {
    const member = this.required(name);
    const text = member && this.text(member, name);
    if (member && text?.trim() === '') {
      this.report(member, 'error', 'TEMPLATE_MEMBER_BLANK', `"${name}" must not be blank`);
      return undefined;
    }
    return text;
  }

  /** Numbers and booleans count as their text, as in the original. */
  text(member: TemplateNode, name: Name): string | undefined {
    const { value } = member;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'bigint') return numberText(value);
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    this.report(member, 'error', 'TEMPLATE_MEMBER_KIND', `Expected "${name}" to be a text`);
    return undefined;
  }

  /** False where absent; texts and numbers as the original reads them. */
  flag(name: Name): boolean {
    const member = this.node.member(name);
    if (!member) return false;
    const { value } = member;
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value) !== 0;
    const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
    if (text !== 'true' && text !== 'false') {
      this.report(member, 'error', 'TEMPLATE_MEMBER_KIND', `Expected "${name}" to be true or false`);
    }
    return text === 'true';
  }

  /** Reports members that are not in the table. */
  reportUnknown(severity: TemplateIssue['severity'] = 'error'): void {
    const names = Object.keys(this.table);
    const known = new Set(names.map((name) => name.toLowerCase()));
    for (const [name, member] of this.node.members) {
      if (known.has(name.toLowerCase())) continue;
      if (MEANINGLESS.has(name.toLowerCase())) {
        this.report(member, 'warning', 'TEMPLATE_MEMBER_IGNORED', `"${name}" means nothing here`);
        continue;
      }
      const expected = names.map((one) => `"${one}"`).join(', ');
      this.report(member, severity, 'TEMPLATE_MEMBER_UNKNOWN', `"${name}" is not known here; known are ${expected}`);
    }
  }
}

import { isFhirDecimal } from '../../core/decimal.ts';
import type { TemplateIssueCode } from '../../core/template-issue.ts';
import type { TemplateFile, TemplateNode } from '../template-file.ts';

/** Reads the members of one object of a mapping, and notes every problem at its place. */
export class TemplateObject {
  readonly node: TemplateNode;
  private readonly file: TemplateFile;

  constructor(node: TemplateNode, file: TemplateFile) {
    this.node = node;
    this.file = file;
  }

  /** An object inside this one's file; undefined, and noted, when the node is none. */
  inside(node: TemplateNode): TemplateObject | undefined {
    if (node.kind === 'object') return new TemplateObject(node, this.file);
    this.wrongKind(node, 'an object');
    return undefined;
  }

  /** @param known in any casing */
  rejectUnknown(known: readonly string[]): void {
    const names = new Set(known.map((name) => name.toLowerCase()));
    for (const [name, node] of this.node.members) {
      if (names.has(name.toLowerCase())) continue;
      this.error(node, 'TEMPLATE_MEMBER_UNKNOWN', `Unknown member; expected one of ${known.join(', ')}`);
    }
  }

  /**
   * A text without white space at its ends, which FHIR allows nowhere and the original's writer takes away; a number or a
   * boolean as its text, null and a blank text as absent.
   */
  text(name: string): string | undefined {
    const text = this.untrimmed(name)?.trim();
    return text === '' ? undefined : text;
  }

  private untrimmed(name: string): string | undefined {
    const node = this.present(name);
    if (node === undefined) return undefined;
    if (node.kind === 'string') return node.value as string;
    if (node.kind === 'number') return String(node.value);
    if (node.kind === 'boolean') return node.value === true ? 'True' : 'False';
    this.wrongKind(node, 'a text');
    return undefined;
  }

  /** A text that is not blank; it is not trimmed. */
  requiredText(name: string): string | undefined {
    const text = this.untrimmed(name);
    if (text !== undefined && text.trim() !== '') return text;
    const node = this.present(name);
    if (node === undefined) this.missing(name);
    else if (node.kind === 'string') this.error(node, 'TEMPLATE_MEMBER_BLANK', 'Expected a text that is not blank');
    return undefined;
  }

  /** A number, or a text that holds one, as a FHIR decimal with the digits it is written with. */
  decimal(name: string): string | undefined {
    const node = this.present(name);
    if (node === undefined) return undefined;
    const text = node.digits ?? String(node.value).trim();
    if (node.kind !== 'number' && node.kind !== 'string') this.wrongKind(node, 'a number');
    else if (isFhirDecimal(text)) return text;
    else this.invalid(node, 'Expected a number');
    return undefined;
  }

  /** The objects of a list; undefined when the list is absent or null. Whatever else it holds is noted. */
  objects(name: string): TemplateObject[] | undefined {
    const node = this.present(name);
    if (node === undefined) return undefined;
    if (node.kind !== 'array') this.wrongKind(node, 'a list');
    return node.items.flatMap((item) => this.inside(item) ?? []);
  }

  requiredObjects(name: string): TemplateObject[] {
    const objects = this.objects(name);
    if (objects === undefined) this.missing(name);
    return objects ?? [];
  }

  missing(name: string): void {
    this.error(this.node.member(name) ?? this.node, 'TEMPLATE_MEMBER_MISSING', `Expected a member ${name}`);
  }

  wrongKind(node: TemplateNode, expected: string): void {
    this.error(node, 'TEMPLATE_MEMBER_KIND', `Expected ${expected}`);
  }

  invalid(node: TemplateNode, message: string): void {
    this.error(node, 'TEMPLATE_MEMBER_INVALID', message);
  }

  error(node: TemplateNode, code: TemplateIssueCode, message: string): void {
    this.file.issues.push(this.file.issueAt(node, 'error', code, message));
  }

  private present(name: string): TemplateNode | undefined {
    const node = this.node.member(name);
    return node === undefined || node.kind === 'null' ? undefined : node;
  }
}

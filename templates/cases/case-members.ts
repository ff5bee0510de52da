import { findNodeAtLocation, getNodeValue } from 'jsonc-parser';
import type { Node } from 'jsonc-parser';
import { parse } from 'lossless-json';
import type { z } from 'zod';
import { parseTicks } from '../../core/ticks.ts';
import { isMisspelt } from '../spelling.ts';
import { placeAt } from '../text-place.ts';
import type { TemplateSource } from './mapping-case.ts';

/**
 * The members of one case, each problem noted. Templates, messages and resources are taken as the file's own text, so that
 * none of their digits and spellings is lost. A member that is null counts as absent.
 */
export class CaseMembers {
  readonly problems: string[] = [];
  private readonly text: string;
  private readonly node: Node;

  /** @param node an object of the text */
  constructor(text: string, node: Node) {
    this.text = text;
    this.node = node;
  }

  has(name: string): boolean {
    return this.member(name) !== undefined;
  }

  isNull(name: string): boolean {
    return findNodeAtLocation(this.node, [name])?.type === 'null';
  }

  /** Notes members that come twice, and those whose names are nearly one that is not there. */
  checkNames(known: readonly string[]): void {
    const names = (this.node.children ?? []).flatMap(({ children: [key] = [] }) => (key ? [String(key.value)] : []));
    const given = new Set(names);
    for (const name of given) {
      if (names.indexOf(name) !== names.lastIndexOf(name)) this.problems.push(`${name}: this member comes twice`);
      const meant = known.find((one) => !given.has(one) && isMisspelt(one, name));
      if (meant !== undefined && !known.includes(name)) this.problems.push(`${name}: not known; is "${meant}" meant?`);
    }
  }

  string(name: string): string | undefined {
    const node = this.member(name);
    const value: unknown = node && getNodeValue(node);
    if (value === undefined || typeof value === 'string') return value;
    this.problems.push(`${name}: expected a text`);
    return undefined;
  }

  /** An instant as it is written. */
  instant(name: string): string | undefined {
    const text = this.string(name);
    if (text !== undefined && parseTicks(text) === undefined)
      this.problems.push(`${name}: expected an instant as YYYY-MM-DDThh:mm:ssZ`);
    return text;
  }

  /** The text of an object. */
  objectText(name: string): string | undefined {
    const node = this.member(name);
    if (node === undefined || node.type === 'object') return node && this.sourceText(node);
    this.problems.push(`${name}: expected an object`);
    return undefined;
  }

  /** `template` as JSON, `templateText` as text, or `templateFile`; the first of text, file and JSON that is there. */
  source(name: 'template' | 'mapping'): TemplateSource | undefined {
    const text = this.string(`${name}Text`);
    if (text !== undefined) return { text };
    const file = this.string(`${name}File`);
    if (file !== undefined) return { file };
    const node = this.member(name);
    if (node !== undefined) return { text: this.sourceText(node), place: () => placeAt(this.text, node.offset) };
    this.problems.push(`expected a ${name}, ${name}Text or ${name}File`);
    return undefined;
  }

  parsed<Schema extends z.ZodType>(name: string, schema: Schema): z.infer<Schema> | undefined {
    const node = this.member(name);
    const result = schema.safeParse(node && getNodeValue(node));
    if (result.success) return result.data;
    const problems = result.error.issues.map(({ path, message }) => `${[name, ...path].join('/')}: ${message}`);
    this.problems.push(...problems);
    return undefined;
  }

  /** Its numbers are `LosslessNumber`. */
  lossless(name: string): unknown {
    const node = this.member(name);
    try {
      return node && parse(this.sourceText(node));
    } catch {
      // It is JSON already, so this is all the reader has against it.
      this.problems.push(`${name}: a member comes twice in one object`);
      return undefined;
    }
  }

  private member(name: string): Node | undefined {
    const node = findNodeAtLocation(this.node, [name]);
    return node?.type === 'null' ? undefined : node;
  }

  private sourceText({ offset, length }: Node): string {
    return this.text.slice(offset, offset + length);
  }
}

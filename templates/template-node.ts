import type { JsonBuilder } from './relaxed-json-reader.ts';

/** A value of a template file with its place. */
export interface TemplateNode {
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';
  /** JSON pointer (RFC 6901), names as written. */
  readonly pointer: string;
  /** Index of its first character in the file's text. */
  readonly offset: number;
  /** The plain value of the whole node; of members spelled alike, the last. Whole numbers are exact, `bigint` if need be. */
  readonly value: unknown;
  /** A number with the digits it is written with; of anything else undefined. */
  readonly digits: string | undefined;
  /** By name as written; empty unless an object. */
  readonly members: ReadonlyMap<string, TemplateNode>;
  /** Empty unless an array. */
  readonly items: readonly TemplateNode[];
  /** The member of that name, ignoring case; of several the last in the file. */
  member(name: string): TemplateNode | undefined;
}

const NO_MEMBERS: ReadonlyMap<string, TemplateNode> = new Map();
const KINDS = { string: 'string', number: 'number', bigint: 'number', boolean: 'boolean' } as const;

/** @param repeated gains every member whose name, ignoring case, came before in the same object */
export function templateNodes(repeated: TemplateNode[]): JsonBuilder<TemplateNode> {
  return {
    scalar(value, place, text) {
      const kind = value === null ? 'null' : KINDS[typeof value as keyof typeof KINDS];
      const digits = kind === 'number' ? text : undefined;
      return { ...place, kind, value, digits, members: NO_MEMBERS, items: [], member: () => undefined };
    },
    array(items, place) {
      const value = items.map((item) => item.value);
      return { ...place, kind: 'array', value, digits: undefined, members: NO_MEMBERS, items, member: () => undefined };
    },
    object(entries, place) {
      const members = new Map(entries);
      const ignoringCase = new Map<string, TemplateNode>();
      for (const [name, node] of entries) {
        const key = name.toLowerCase();
        if (ignoringCase.has(key)) repeated.push(node);
        ignoringCase.set(key, node);
      }
      const value = Object.fromEntries(entries.map(([name, node]) => [name, node.value]));
      const member = (name: string) => ignoringCase.get(name.toLowerCase());
      return { ...place, kind: 'object', value, digits: undefined, members, items: [], member };
    },
  };
}

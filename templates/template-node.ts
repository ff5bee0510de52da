/** A value of a template file with its place. */
export interface TemplateNode {
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';
  /** JSON pointer (RFC 6901), names as written. */
  readonly pointer: string;
  /** Index of its first character in the file's text. */
  readonly offset: number;
  /** The plain value of the whole node; of members spelled alike, the last. */
  readonly value: unknown;
  /** By name as written; empty unless an object. */
  readonly members: ReadonlyMap<string, TemplateNode>;
  /** Empty unless an array. */
  readonly items: readonly TemplateNode[];
  /** The member of that name, ignoring case; of several the last in the file. */
  member(name: string): TemplateNode | undefined;
}

const NO_MEMBERS: ReadonlyMap<string, TemplateNode> = new Map();

export function scalarNode(pointer: string, offset: number, value: string | number | boolean | null): TemplateNode {
  const kind = value === null ? 'null' : (typeof value as 'string' | 'number' | 'boolean');
  return { kind, pointer, offset, value, members: NO_MEMBERS, items: [], member: () => undefined };
}

export function arrayNode(pointer: string, offset: number, items: readonly TemplateNode[]): TemplateNode {
  const value = items.map((item) => item.value);
  return { kind: 'array', pointer, offset, value, members: NO_MEMBERS, items, member: () => undefined };
}

/** @param members in file order, as `Map.set` after `Map.delete` keeps it */
export function objectNode(pointer: string, offset: number, members: ReadonlyMap<string, TemplateNode>): TemplateNode {
  const ignoringCase = new Map<string, TemplateNode>();
  for (const [name, node] of members) ignoringCase.set(name.toLowerCase(), node);
  const value = Object.fromEntries([...members].map(([name, node]) => [name, node.value]));
  const member = (name: string) => ignoringCase.get(name.toLowerCase());
  return { kind: 'object', pointer, offset, value, members, items: [], member };
}

/** The pointer of a child. @see RFC 6901 */
export function childPointer(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

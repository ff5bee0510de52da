/** JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A member that an object of a template file may have, as editors are told of it. */
export interface Member {
  readonly description: string;
  readonly schema: JsonSchema;
  readonly isRequired?: boolean;
}

/**
 * All members of an object. The one source: its reader knows no other names, and the JSON Schema is made of it. Schemas
 * say the usual spellings; readers take names and types in any case.
 */
export type MemberTable<Name extends string = string> = Readonly<Record<Name, Member>>;

/** A text, or a scalar that counts as one. */
export const ANY_TEXT: JsonSchema = { type: ['string', 'number', 'boolean'] };
/** The same, not blank. */
export const TEXT: JsonSchema = { ...ANY_TEXT, pattern: '\\S' };

/** A text that may be absent: null and the empty text say so too. */
export const OPTIONAL_TEXT: JsonSchema = { type: ['string', 'number', 'boolean', 'null'] };

/** @param unknown what becomes of members that are not in the table */
export function objectSchema(members: MemberTable, unknown: 'refused' | 'ignored' = 'refused'): JsonSchema {
  const entries = Object.entries(members);
  const required = entries.flatMap(([name, { isRequired }]) => (isRequired === true ? [name] : []));
  return {
    type: 'object',
    properties: Object.fromEntries(
      entries.map(([name, { schema, description }]) => [name, { description, ...schema }]),
    ),
    ...(required.length > 0 && { required }),
    ...(unknown === 'refused' && { additionalProperties: false }),
  };
}

/**
 * One of some names, in any case. Editors offer the usual spellings.
 *
 * @param others spellings that are taken too, and not offered
 */
export function oneOf(names: readonly string[], others: readonly (string | number | null)[] = []): JsonSchema {
  const texts = [...names, ...others.filter((other) => typeof other === 'string')];
  const further = others.filter((other) => typeof other !== 'string');
  return {
    anyOf: [{ enum: names }, inAnyCase(texts), ...(further.length > 0 ? [{ enum: further }] : [])],
  };
}

/** JSON Schema's patterns cannot ignore case. */
function inAnyCase(names: readonly string[]): JsonSchema {
  const spelled = names.map((name) =>
    name.replace(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`),
  );
  return { type: 'string', pattern: `^(?:${spelled.join('|')})$` };
}

export function listOf(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

/** What holds only where a member has one of some names, in any case. */
export function whenMember(member: string, names: readonly string[], holds: JsonSchema): JsonSchema {
  return { if: { properties: { [member]: inAnyCase(names) }, required: [member] }, then: holds };
}

/** As `schema`, or null, which counts as absent. */
export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** One type of template that a collection may hold. */
export interface TemplateTypeSchema {
  /** As `templateType` spells it, the usual spelling first. */
  readonly spellings: readonly [string, ...string[]];
  readonly description: string;
  readonly template: JsonSchema;
}

/** The schema of a template file: a collection of templates, each of one of the types. */
export function collectionSchema(file: {
  readonly title: string;
  readonly description: string;
  readonly members: MemberTable;
  readonly types: readonly TemplateTypeSchema[];
}): JsonSchema {
  const { title, description, members, types } = file;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    description,
    ...objectSchema({ ...members, template: { ...LIST, schema: LIST_OF_TEMPLATES } }, 'ignored'),
    $defs: Object.assign({ template: elementSchema(types) }, ...types.map(definitionsOf)) as JsonSchema,
  };
}

/** What a template's schema refers to as `#/$defs/…` has to stand at the top of the whole. */
function definitionsOf({ spellings: [name], template }: TemplateTypeSchema): JsonSchema {
  const { $defs, ...schema } = template;
  return { [name]: schema, ...($defs as JsonSchema | undefined) };
}

const LIST = { description: 'The templates, in the order in which they are tried.', isRequired: true };
const LIST_OF_TEMPLATES: JsonSchema = { type: 'array', items: { $ref: '#/$defs/template' } };

function elementSchema(types: readonly TemplateTypeSchema[]): JsonSchema {
  const description = types.map((type) => `${type.spellings[0]}: ${type.description}`).join('\n');
  return {
    type: 'object',
    properties: {
      templateType: { description, ...oneOf(types.flatMap(({ spellings }) => spellings)) },
      template: { type: 'object' },
    },
    required: ['templateType', 'template'],
    allOf: types.map(({ spellings }) =>
      whenMember('templateType', spellings, { properties: { template: { $ref: `#/$defs/${spellings[0]}` } } }),
    ),
  };
}

/** How FHIR's JSON writes a primitive type; a JSON Schema as it stands. */
export type PrimitiveType =
  | { readonly type: 'boolean' }
  | { readonly type: 'number' }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'string'; readonly pattern: string; readonly description?: string };

const YEAR = '([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)';
const MONTH = '(0[1-9]|1[0-2])';
const DAY = '(0[1-9]|[1-2][0-9]|3[0-1])';
const TIME = String.raw`([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`;
const ZONE = String.raw`(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))`;

const MAX_INTEGER = 2 ** 31 - 1;

/** Any text but a blank one. */
const NOT_BLANK = { type: 'string', pattern: '\\S' } as const;
const NO_SPACES = whole('\\S+');

/** @see https://hl7.org/fhir/R4/datatypes.html#primitive */
export const FHIR_PRIMITIVES = {
  base64Binary: whole(String.raw`(\s*[0-9a-zA-Z+/=]{4})+\s*`),
  boolean: { type: 'boolean' },
  canonical: NO_SPACES,
  code: whole(String.raw`[^\s]+(\s[^\s]+)*`),
  date: whole(`${YEAR}(-${MONTH}(-${DAY})?)?`),
  dateTime: whole(`${YEAR}(-${MONTH}(-${DAY}(T${TIME}${ZONE})?)?)?`),
  decimal: { type: 'number' },
  id: whole(String.raw`[A-Za-z0-9\-\.]{1,64}`),
  instant: whole(`${YEAR}-${MONTH}-${DAY}T${TIME}${ZONE}`),
  integer: { type: 'integer', minimum: -(2 ** 31), maximum: MAX_INTEGER },
  markdown: NOT_BLANK,
  oid: whole(String.raw`urn:oid:[0-2](\.(0|[1-9][0-9]*))+`),
  positiveInt: { type: 'integer', minimum: 1, maximum: MAX_INTEGER },
  string: NOT_BLANK,
  time: whole(TIME),
  unsignedInt: { type: 'integer', minimum: 0, maximum: MAX_INTEGER },
  uri: NO_SPACES,
  url: NO_SPACES,
  uuid: whole('urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'),
} satisfies Readonly<Record<string, PrimitiveType>>;

/** Whom FHIR lets perform an Observation. */
export const PERFORMERS = ['Practitioner', 'PractitionerRole', 'Organization', 'CareTeam', 'Patient', 'RelatedPerson'];

/** Texts of which an element allows only some. */
export const NARROWED = {
  IdentifierUse: {
    ...whole('usual|official|temp|secondary|old'),
    description: 'usual, official, temp, secondary or old',
  },
  QuantityComparator: { ...whole('<|<=|>=|>'), description: '<, <=, >= or >' },
  // Whom an absolute reference names cannot be seen.
  PerformerReference: {
    ...whole(String.raw`(${PERFORMERS.join('|')})[/?]\S+|[a-z][a-z0-9+.\-]*:\S+`),
    description: `a reference such as Organization/1, to one of ${PERFORMERS.join(', ')}`,
  },
} satisfies Readonly<Record<string, PrimitiveType>>;

export type PrimitiveName = keyof typeof FHIR_PRIMITIVES | keyof typeof NARROWED;

const ALL: Readonly<Record<string, PrimitiveType>> = { ...FHIR_PRIMITIVES, ...NARROWED };

/** Undefined for a name that is none of a primitive type. */
export function primitiveNamed(name: string): PrimitiveType | undefined {
  return Object.hasOwn(ALL, name) ? ALL[name] : undefined;
}

function whole(pattern: string) {
  return { type: 'string', pattern: `^(?:${pattern})$` } as const;
}

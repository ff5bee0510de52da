import { primitiveNamed } from './fhir-primitives.ts';
import { FHIR_TYPES, tableOf } from './fhir-types.ts';
import type { FhirType, Spelling } from './fhir-types.ts';

/** An element of a type, as FHIR's JSON has it. */
export interface FhirElement {
  /** The name of its type. */
  readonly type: string;
  readonly isList: boolean;
  readonly isRequired: boolean;
  /** As the table names it: of a choice `…[x]`, of what stands beside a primitive that primitive. */
  readonly tableName: string;
}

/** Written as attributes in XML, so that nothing can be said beside them. */
const ATTRIBUTES = ['id', 'url'];

/** The complex type of a name; undefined when it is a primitive one, or not described. */
export function typeNamed(name: string): FhirType | undefined {
  return (FHIR_TYPES as Readonly<Partial<Record<string, FhirType>>>)[name];
}

/** All elements that an object of a type may have, by their names in JSON. */
export function elementsOf(type: FhirType): ReadonlyMap<string, FhirElement> {
  const known = spelledOut.get(type) ?? new Map(Object.entries(tableOf(type)).flatMap(namesInJson));
  spelledOut.set(type, known);
  return known;
}

const spelledOut = new Map<FhirType, ReadonlyMap<string, FhirElement>>();

export function readSpelling(tableName: string, spelling: string): FhirElement {
  return {
    type: spelling.replace(/(?:!|\[\])$/, ''),
    isList: spelling.endsWith('[]'),
    isRequired: spelling.endsWith('!'),
    tableName,
  };
}

/** What an object says, each name once; a primitive may be said by what stands beside it alone. */
export function saidIn(names: Iterable<string>): ReadonlySet<string> {
  return new Set([...names].map((name) => name.replace(/^_/, '')));
}

function namesInJson([name, spelling]: readonly [string, Spelling]): (readonly [string, FhirElement])[] {
  if (typeof spelling === 'string') return withBeside(name, readSpelling(name, spelling));
  return spelling.flatMap((type) => {
    const capitalized = `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;
    return withBeside(name.replace('[x]', capitalized), readSpelling(name, type));
  });
}

/** Beside a primitive `x` may stand its id and extensions, `_x`. */
function withBeside(name: string, element: FhirElement): (readonly [string, FhirElement])[] {
  const own = [name, element] as const;
  const hasBeside = primitiveNamed(element.type) !== undefined && !element.isList && !ATTRIBUTES.includes(name);
  return hasBeside ? [own, [`_${name}`, { ...element, type: 'Element', isRequired: false }]] : [own];
}

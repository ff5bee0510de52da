import type { Observation, ObservationComponent } from 'fhir/r4.js';
import { orNull } from '../../template-schema.ts';
import type { MemberTable } from '../../template-schema.ts';
import type { TemplateObject } from '../template-object.ts';
import { constantSchema } from './constant-schemas.ts';
import { readSpelling } from './fhir-elements.ts';
import { readConstant } from './read-constant.ts';
import type { Spelling } from './fhir-types.ts';

/** What a mapping says once, in FHIR's own JSON, and every Observation of it carries as it stands there. */
export type ObservationConstants = Partial<Pick<Observation, keyof typeof OBSERVATION_CONSTANTS>>;

/** The same of a component. */
export type ComponentConstants = Partial<Pick<ObservationComponent, keyof typeof COMPONENT_CONSTANTS>>;

interface Constant {
  readonly description: string;
  readonly type: Extract<Spelling, string>;
}

/** What components of R4 have of these. */
export const COMPONENT_CONSTANTS = {
  interpretation: { description: 'High, low, normal: a list of CodeableConcepts.', type: 'CodeableConcept[]' },
  referenceRange: { description: 'What is usual, a list.', type: 'ReferenceRange[]' },
  extension: { description: 'Extensions, each with url and a value, or with extensions.', type: 'Extension[]' },
} as const satisfies Record<string, Constant>;

export const OBSERVATION_CONSTANTS = {
  ...COMPONENT_CONSTANTS,
  method: { description: 'How it is measured, a CodeableConcept.', type: 'CodeableConcept' },
  bodySite: { description: 'Where on the body, a CodeableConcept.', type: 'CodeableConcept' },
  note: { description: 'Comments, a list of Annotations.', type: 'Annotation[]' },
  performer: { description: 'Who is responsible, a list of References.', type: 'Performer[]' },
  meta: { description: 'The profiles and tags of the Observation.', type: 'WrittenMeta' },
} as const satisfies Record<string, Constant>;

export const OBSERVATION_CONSTANT_MEMBERS: MemberTable = membersOf(OBSERVATION_CONSTANTS);
export const COMPONENT_CONSTANT_MEMBERS: MemberTable = membersOf(COMPONENT_CONSTANTS);

export function readObservationConstants(object: TemplateObject): ObservationConstants {
  return readConstants(object, OBSERVATION_CONSTANTS);
}

export function readComponentConstants(object: TemplateObject): ComponentConstants {
  return readConstants(object, COMPONENT_CONSTANTS);
}

function membersOf(constants: Readonly<Record<string, Constant>>): MemberTable {
  const entries = Object.entries(constants).map(([name, { description, type }]) => {
    const schema = orNull(constantSchema(readSpelling(name, type)));
    return [name, { description, schema }] as const;
  });
  return Object.fromEntries(entries);
}

/** Names are read in any case, and written as FHIR spells them. What was noted is left in: such a file is not used. */
function readConstants(object: TemplateObject, constants: Readonly<Record<string, Constant>>): object {
  const entries = Object.entries(constants).flatMap(([name, { type }]) => {
    const node = object.node.member(name);
    if (node === undefined || node.kind === 'null') return [];
    return [[name, readConstant(object, node, readSpelling(name, type))] as const];
  });
  return Object.fromEntries(entries);
}

import { OPTIONAL_TEXT } from '../../template-schema.ts';
import type { MemberTable } from '../../template-schema.ts';
import type { TemplateObject } from '../template-object.ts';

/** How a Quantity names its unit; what is absent is left out. */
export interface Unit {
  readonly unit?: string;
  readonly system?: string;
  readonly code?: string;
}

export const UNIT_NAMES = ['unit', 'system', 'code'] as const;
export const UNIT_MEMBERS: MemberTable<(typeof UNIT_NAMES)[number]> = {
  unit: { description: 'The unit as people read it.', schema: OPTIONAL_TEXT },
  system: { description: "The unit's code system, such as http://unitsofmeasure.org.", schema: OPTIONAL_TEXT },
  code: { description: "The unit's code in that system.", schema: OPTIONAL_TEXT },
};

export function readUnit(object: TemplateObject): Unit {
  return unitOf(Object.fromEntries(UNIT_NAMES.map((name) => [name, object.text(name)])));
}

/** Only these members, those that are there. */
export function unitOf(from: { readonly [Name in keyof Unit]?: Unit[Name] | undefined }): Unit {
  return Object.fromEntries(UNIT_NAMES.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));
}

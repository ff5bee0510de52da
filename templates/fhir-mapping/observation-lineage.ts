import type { Observation } from 'fhir/r4.js';
import { isSameJson } from '../../core/same-json.ts';
import { componentsNamed, valueNamesOf } from '../../core/stored-observation.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import type { Lineage } from './fhir-mapping.ts';

/** What a create writes besides its values and constants; and what servers add. */
const CREATED_MEMBERS = new Set([
  ...['resourceType', 'id', 'identifier', 'status', 'category', 'code', 'subject', 'encounter', 'effectivePeriod'],
  ...['effectiveDateTime', 'issued', 'device', 'component', 'meta', 'text'],
]);
const CREATED_COMPONENT_MEMBERS = new Set(['code', 'id']);

export function lineageOf({
  constants,
  components,
}: Pick<CodeValueFhirTemplate, 'constants' | 'components'>): Lineage<Observation> {
  return {
    /**
     * Only what was created and never merged is `final`. What says more than a create of ours was changed by hand, even if
     * it is `final` and was issued anew.
     */
    isCreate(observation) {
      const { status, component = [] } = observation;
      const constantsOf = new Map(
        components.flatMap((each) =>
          componentsNamed(observation, each.value.valueName).map((stored) => [stored, each.constants] as const),
        ),
      );
      const isOurs = component.every(
        (each) => valueNamesOf(each).length > 0 && saysNoMore(each, CREATED_COMPONENT_MEMBERS, constantsOf.get(each)),
      );
      return status === 'final' && isOurs && saysNoMore(observation, CREATED_MEMBERS, constants);
    },

    /** Every create says anew when it was `issued`; a change by hand mostly keeps that. */
    isAnew(a, b) {
      return a.issued !== b.issued;
    },

    amended(observation) {
      return observation.status === 'final' ? { ...observation, status: 'amended' } : observation;
    },
  };
}

/** Constants count where they say just what the mapping says: a note beside its own is somebody's. */
function saysNoMore(stored: object, members: ReadonlySet<string>, constants: object = {}): boolean {
  const own = new Map<string, unknown>(Object.entries(constants));
  return Object.entries(stored).every(
    ([name, value]) =>
      members.has(name) || /^_?value[A-Z]/.test(name) || (own.has(name) && isSameJson(value, own.get(name))),
  );
}

import type { Observation } from 'fhir/r4.js';
import { isSameJson } from '../../core/same-json.ts';
import { valueNamesOf } from '../../core/stored-observation.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import type { Lineage } from './fhir-mapping.ts';
import { storedComponent } from './value-place.ts';

/** What a create writes besides its values and constants; and what servers add. */
const CREATED_MEMBERS = new Set([
  ...['resourceType', 'id', 'identifier', 'status', 'category', 'code', 'subject', 'encounter', 'effectivePeriod'],
  ...['effectiveDateTime', 'issued', 'device', 'component', 'meta', 'text', 'language'],
]);
const CREATED_COMPONENT_MEMBERS = new Set(['code', 'id']);

export function lineageOf(template: Pick<CodeValueFhirTemplate, 'constants' | 'components'>): Lineage<Observation> {
  const { constants, components } = template;
  return {
    /**
     * Only what was created and never merged is `final`. What says more than a create of ours was changed by hand, even if
     * it is `final` and was issued anew.
     */
    isCreate(observation) {
      const { status, component = [] } = observation;
      const constantsOf = new Map(
        components.map((each) => [storedComponent(observation, template, each), each.constants] as const),
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

/**
 * Constants count by their names alone, since servers write some of them in words of their own; but a note beside the
 * mapping's own is somebody's.
 */
function saysNoMore(stored: object, members: ReadonlySet<string>, constants: object = {}): boolean {
  const own = new Map<string, unknown>(Object.entries(constants));
  return Object.entries(stored).every(([name, value]) => {
    if (members.has(name) || /^_?value[A-Z]/.test(name)) return true;
    return own.has(name) && (name !== 'note' || isSameJson(value, own.get(name)));
  });
}

import type { Flag } from 'fhir/r4.js';
import { formatFhirInstant } from '../../core/fhir-date-time.ts';
import type { TimePrecision } from '../../core/fhir-date-time.ts';
import { observationIdentifier } from '../../core/observation-identifier.ts';
import type { Ticks } from '../../core/ticks.ts';
import { CODE_MEMBERS, namedConcept, readCode } from '../../templates/fhir-mapping/code.ts';
import type { Code } from '../../templates/fhir-mapping/code.ts';
import type { ResourceGroup, ResourceTemplate } from '../../templates/fhir-mapping/fhir-mapping.ts';
import { judgeTimes } from '../../templates/fhir-mapping/judge.ts';
import type { MappingKind } from '../../templates/fhir-mapping/mapping-kind.ts';
import { spanOf } from '../../templates/fhir-mapping/period-interval.ts';
import { listOf, objectSchema, TEXT } from '../../templates/template-schema.ts';
import type { MemberTable } from '../../templates/template-schema.ts';

const MEMBERS = {
  typeName: { description: 'The measurement type, in any case.', schema: TEXT, isRequired: true },
  codes: { description: "The codes of the Flag's code.", schema: listOf(objectSchema(CODE_MEMBERS)), isRequired: true },
} satisfies MemberTable;

/** All measurements of one instant. */
interface FlagGroup extends ResourceGroup {
  readonly type: string;
  readonly start: Ticks;
}

/** An example of a template type: what a device notices, such as a fall, raises a Flag of its patient. */
export const flagFhir: MappingKind = {
  spellings: ['FlagFhir'],
  description: 'what was measured at an instant becomes a Flag',
  schema: objectSchema(MEMBERS),

  read(object, { timePrecision }) {
    object.rejectUnknown(Object.keys(MEMBERS));
    const typeName = object.requiredText('typeName');
    const codes = object.requiredObjects('codes').map((code) => readCode(code, 'checked'));
    return typeName === undefined ? undefined : flagTemplate(typeName, codes, timePrecision);
  },
};

function flagTemplate(
  typeName: string,
  codes: readonly Code[],
  precision: TimePrecision,
): ResourceTemplate<Flag, FlagGroup> {
  return {
    typeName,
    resourceType: 'Flag',
    // Whoever creates one again writes the same: nothing is lost where it replaces another.
    lineage: { isCreate: () => false, isAnew: () => false, amended: (flag) => flag },
    judge: judgeTimes,
    group(measurements) {
      const spans = measurements.map((measurement) => spanOf('Single', measurement, 'fraction'));
      return [...Map.groupBy(spans.keys(), (index) => spans[index]?.idSegment ?? '').values()].map((indexes) => ({
        idSegment: spans[indexes[0] ?? 0]?.idSegment ?? '',
        type: measurements[indexes[0] ?? 0]?.type ?? typeName,
        start: spans[indexes[0] ?? 0]?.start ?? 0n,
        measurements: indexes,
        superseded: indexes.slice(0, -1),
        withoutValue: [],
        isEmpty: false,
        collidedCount: 0,
      }));
    },
    identifier: ({ type, idSegment }, ids) => observationIdentifier(ids, type, idSegment),
    create({ type, idSegment, start }, ids) {
      const { id, system, value } = observationIdentifier(ids, type, idSegment);
      return {
        resourceType: 'Flag',
        id,
        identifier: [{ system, value }],
        status: 'active',
        code: namedConcept(codes, type),
        subject: { reference: `Patient/${ids.patient}` },
        ...(ids.encounter !== undefined && { encounter: { reference: `Encounter/${ids.encounter}` } }),
        period: { start: formatFhirInstant(start, precision) },
        author: { reference: `Device/${ids.device}` },
      };
    },
    merge: (_group, _ids, stored) => ({ outcome: 'unchanged', resource: stored, collidedCount: 0 }),
    join: (_group, _ids, stored) => ({ outcome: 'unchanged', resource: stored, collidedCount: 0 }),
  };
}

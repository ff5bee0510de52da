import { parse, stringify } from 'lossless-json';
import type { Observation } from 'fhir/r4.js';
import { decimalTextOf, isSameDecimal } from '../../core/decimal.ts';
import { IngestError } from '../../core/errors.ts';
import type { Measurement, MeasurementProperty } from '../../core/measurement.ts';
import { loadFhirMapping } from '../../templates/fhir-mapping/load.ts';
import type { ObservationTemplate, ResolvedIds } from '../../templates/fhir-mapping/load.ts';

/** A mapping, measurements that share their identity, and what becomes of them. */
export interface FhirCase {
  readonly name: string;
  readonly mapping: unknown;
  /** Instead of `mapping`, when that would not be JSON. */
  readonly mappingText?: string;
  readonly group: {
    readonly type: string;
    readonly deviceId: string;
    readonly patientId?: string;
    readonly correlationId?: string;
    readonly measurements: readonly {
      readonly occurrenceTimeUtc: string;
      readonly ingestionTimeUtc?: string;
      readonly properties: readonly { readonly name: string; readonly value: string | null }[];
    }[];
  };
  readonly ids: ResolvedIds;
  /** The Observation all of them are merged into. */
  readonly existing?: unknown;
  readonly expect: FhirExpectation;
}

export interface FhirExpectation {
  /** Fragments: listed members must match, null must be absent, lists match item by item. */
  readonly observations?: readonly unknown[];
  readonly unchanged?: boolean;
  /** Nothing is written, and that visibly. */
  readonly error?: boolean;
  readonly mappingInvalid?: boolean;
  /** How many measurements are refused one by one; none unless stated. */
  readonly refusedCount?: number;
}

/** What became of a case, for a comparison with what it expects. */
export interface FhirOutcome {
  readonly observations: readonly unknown[];
  readonly refused: readonly string[];
  readonly unchanged: boolean;
  /** Code of the error that concerns all of it. */
  readonly error?: string;
}

const ISSUED_AT = '2024-01-01T00:00:00.000Z';

export function runFhirCase(fhirCase: FhirCase): FhirOutcome {
  const nothing = { observations: [], refused: [], unchanged: false };
  const loaded = loadFhirMapping(fhirCase.mappingText ?? JSON.stringify(fhirCase.mapping));
  if (!loaded.ok) return { ...nothing, error: 'MAPPING_INVALID' };
  const template = loaded.template.forType(fhirCase.group.type);
  if (template === undefined) return { ...nothing, error: 'MAPPING_MISSING' };
  const errors = new Map(measurementsOf(fhirCase).map((measurement) => [measurement, template.judge(measurement)]));
  const fine = [...errors].flatMap(([measurement, error]) => (error === undefined ? [measurement] : []));
  const refused = [...errors.values()].flatMap((error) => error?.code ?? []);
  try {
    return { ...written(template, fine, fhirCase), refused };
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return { ...nothing, refused, error: error.code };
  }
}

/** What differs from the expectation, in words; nothing when all is as expected. */
export function problemsOf(outcome: FhirOutcome, expected: FhirExpectation): string[] {
  if (expected.mappingInvalid === true)
    return outcome.error === 'MAPPING_INVALID' ? [] : ['expected the mapping to be invalid'];
  if (expected.error === true) return isRefused(outcome) ? [] : ['expected an error'];
  if (outcome.error !== undefined) return [`failed with ${outcome.error}`];
  const { observations = [], unchanged = false, refusedCount = 0 } = expected;
  return [
    ...(outcome.refused.length === refusedCount ? [] : [`refused ${outcome.refused.length}, not ${refusedCount}`]),
    ...(outcome.unchanged === unchanged ? [] : [`expected ${unchanged ? 'no change' : 'a change'}`]),
    ...fragmentProblems('', outcome.observations, observations),
  ];
}

function isRefused({ error, refused, observations }: FhirOutcome): boolean {
  return (error ?? refused[0]) !== undefined && error !== 'MAPPING_INVALID' && observations.length === 0;
}

function written(template: ObservationTemplate, measurements: readonly Measurement[], fhirCase: FhirCase) {
  const groups = template.group(measurements);
  if (fhirCase.existing === undefined) {
    const created = groups.filter(({ isEmpty }) => !isEmpty);
    return { observations: created.map((group) => template.create(group, fhirCase.ids, ISSUED_AT)), unchanged: false };
  }
  const stored = parse(stringify(fhirCase.existing) ?? '') as Observation;
  const results = groups.map((group) => template.merge(group, fhirCase.ids, stored));
  return {
    observations: results.map(({ observation }) => observation),
    unchanged: results.every(({ outcome }) => outcome === 'unchanged'),
  };
}

/** The case bank has values that are null, which measurements do not: they carry nothing. */
function measurementsOf({ group }: FhirCase): Measurement[] {
  const { measurements, ...shared } = group;
  return measurements.map((measurement) => ({
    ingestionTimeUtc: '2019-01-01T00:00:00Z',
    ...shared,
    ...measurement,
    properties: measurement.properties.filter((property): property is MeasurementProperty => property.value !== null),
  }));
}

function fragmentProblems(at: string, actual: unknown, expected: unknown): string[] {
  const here = at === '' ? 'result' : at;
  if (expected === null) return actual === undefined ? [] : [`${here}: expected to be absent`];
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length)
      return [`${here}: expected ${expected.length} items`];
    return expected.flatMap((item, index) => fragmentProblems(`${at}/${index}`, actual[index], item));
  }
  const number = decimalTextOf(expected);
  if (number !== undefined)
    return isSameDecimal(decimalTextOf(actual) ?? '', number) ? [] : [`${here}: expected ${number}`];
  if (typeof expected === 'object')
    return Object.entries(expected).flatMap(([name, member]) =>
      fragmentProblems(`${at}/${name}`, (actual as Record<string, unknown> | undefined)?.[name], member),
    );
  return actual === expected ? [] : [`${here}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`];
}

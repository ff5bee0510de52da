import type { Fact, Reading } from './readings.ts';
import { factsOf } from './readings.ts';

/** How FHIR differs from what was sent; every list is empty when all is well. */
export interface Comparison {
  /** Facts that are in no Observation, with the reading that says them. */
  readonly missing: readonly { readonly fact: Fact; readonly reading: Reading }[];
  readonly repeated: readonly Fact[];
  /** Facts nobody sent: another value, patient, device, type or instant. */
  readonly foreign: readonly Fact[];
}

export function compare(sent: readonly Reading[], found: readonly Fact[]): Comparison {
  const foundKeys = new Set(found.map(keyOf));
  const expected = sent.flatMap((reading) => factsOf(reading).map((fact) => ({ fact, reading })));
  const expectedKeys = new Set(expected.map(({ fact }) => keyOf(fact)));
  const seen = new Set<string>();
  const repeated = found.filter((fact) => seen.size === seen.add(keyOf(fact)).size);
  return {
    missing: expected.filter(({ fact }) => !foundKeys.has(keyOf(fact))),
    repeated,
    foreign: found.filter((fact) => !expectedKeys.has(keyOf(fact))),
  };
}

export function isSame({ missing, repeated, foreign }: Comparison): boolean {
  return missing.length === 0 && repeated.length === 0 && foreign.length === 0;
}

const MOST_SHOWN = 20;

/** @param positionOf where the hub has the event of a reading, in words */
export function describeComparison(comparison: Comparison, positionOf: (reading: Reading) => string): string[] {
  const { missing, repeated, foreign } = comparison;
  return [
    ...listed('missing', missing, ({ fact, reading }) => `${describeFact(fact)}, ${positionOf(reading)}`),
    ...listed('twice', repeated, describeFact),
    ...listed('never sent', foreign, describeFact),
  ];
}

function listed<T>(what: string, items: readonly T[], describe: (item: T) => string): string[] {
  if (items.length === 0) return [];
  const more = items.length > MOST_SHOWN ? [`    and ${items.length - MOST_SHOWN} further`] : [];
  return [`${items.length} ${what}:`, ...items.slice(0, MOST_SHOWN).map((item) => `    ${describe(item)}`), ...more];
}

function describeFact({ type, deviceId, patientId, at, value }: Fact): string {
  return `${type} of ${deviceId} (${patientId}) at ${new Date(at).toISOString()}: ${value}`;
}

function keyOf({ type, patientId, deviceId, at, value }: Fact): string {
  return JSON.stringify([type, patientId, deviceId, at, value]);
}

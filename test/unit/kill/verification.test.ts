import { describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import { compare, isSame } from '../../kill/comparison.ts';
import { factsIn } from '../../kill/observations.ts';
import type { Fact } from '../../kill/readings.ts';
import { DEVICES, factsOf, readingOf } from '../../kill/readings.ts';

const NOW = Date.UTC(2026, 0, 5, 10);
const [device] = DEVICES;
if (device === undefined) throw new RangeError('Expected a device');
const first = readingOf(device, 0, undefined, NOW);
const second = readingOf(device, 1, first.at, NOW);
const sent = [first, second];
const facts = sent.flatMap(factsOf);
const [fact] = facts;
if (fact === undefined) throw new RangeError('Expected a fact');

const observation = (parts: Partial<Observation>): Observation => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'heartRateHourly' },
  subject: { reference: 'Patient/patient-1' },
  device: { reference: 'Device/monitor-1' },
  effectivePeriod: { start: '2026-01-04T10:00:00.0000000Z', end: '2026-01-04T10:59:59.9999999Z' },
  ...parts,
});

describe('the comparison', () => {
  test('finds nothing where everything is there once', () => {
    expect(isSame(compare(sent, facts))).toBe(true);
  });

  test.each<{ name: string; found: Fact[]; difference: object }>([
    { name: 'what is missing', found: facts.slice(1), difference: { missing: [{ fact, reading: first }] } },
    { name: 'what is there twice', found: [...facts, fact], difference: { repeated: [fact], foreign: [] } },
    {
      name: 'another value',
      found: [{ ...fact, value: '1' }, ...facts.slice(1)],
      difference: { foreign: [{ value: '1' }] },
    },
    {
      name: 'another patient',
      found: [...facts, { ...fact, patientId: 'patient-2' }],
      difference: { missing: [], foreign: [{}] },
    },
    {
      name: 'another instant',
      found: [...facts, { ...fact, at: fact.at + 1 }],
      difference: { missing: [], foreign: [{}] },
    },
  ])('finds $name', ({ found, difference }) => {
    const comparison = compare(sent, found);
    expect(comparison).toMatchObject(difference);
    expect(isSame(comparison)).toBe(false);
  });
});

describe('the decoding', () => {
  const at = Date.UTC(2026, 0, 4, 10);
  const of = { patientId: 'patient-1', deviceId: 'monitor-1' };

  test('reads each sample at its slot, and none where there is E', () => {
    const valueSampledData = { origin: { value: 0 }, period: 5000, dimensions: 1, data: 'E 100000 E 100001' };
    expect(factsIn(observation({ valueSampledData }))).toEqual([
      { ...of, type: 'heartRateHourly', at: at + 5000, value: '100000' },
      { ...of, type: 'heartRateHourly', at: at + 15_000, value: '100001' },
    ]);
  });

  test('reads a quantity at the start of its period', () => {
    const single = { code: { text: 'heartRate' }, valueQuantity: { value: 100_000 } };
    expect(factsIn(observation(single))).toEqual([{ ...of, type: 'heartRate', at, value: '100000' }]);
  });

  test('reads components together', () => {
    const component = [
      { code: { text: 'systolic' }, valueQuantity: { value: 400_000 } },
      { code: { text: 'diastolic' }, valueQuantity: { value: 450_000 } },
    ];
    expect(factsIn(observation({ code: { text: 'bloodPressure' }, component }))).toEqual([
      { ...of, type: 'bloodPressure', at, value: 'systolic 400000, diastolic 450000' },
    ]);
  });
});

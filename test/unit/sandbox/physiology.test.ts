import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBody } from '../../../sandbox/simulator/physiology.ts';

const DAY = Date.UTC(2024, 2, 1);
const drawArb = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const minutesArb = fc.array(fc.nat(24 * 60 - 1), { minLength: 1, maxLength: 40 });

test('whatever is drawn, a body stays within what a body can be', () => {
  fc.assert(
    fc.property(fc.array(drawArb, { minLength: 1, maxLength: 30 }), minutesArb, (draws, minutes) => {
      let drawn = 0;
      const body = createBody(() => draws[drawn++ % draws.length]!);
      let stepsBefore = 0;
      for (const minute of minutes.toSorted((a, b) => a - b)) {
        const at = new Date(DAY + minute * 60_000);
        const { systolic, diastolic } = body.bloodPressure(at);
        const steps = body.stepsToday(at);
        for (const value of [body.heartRate(at), systolic, diastolic, steps])
          expect(Number.isInteger(value)).toBe(true);
        expect(body.heartRate(at)).toBeGreaterThanOrEqual(42);
        expect(body.heartRate(at)).toBeLessThanOrEqual(190);
        expect(systolic).toBeLessThanOrEqual(180);
        expect(diastolic).toBeGreaterThanOrEqual(50);
        expect(diastolic).toBeLessThan(systolic);
        expect(steps).toBeGreaterThanOrEqual(stepsBefore);
        expect(steps).toBeLessThanOrEqual(9020);
        stepsBefore = steps;
        expect(body.temperature(at)).toBeGreaterThanOrEqual(35.5);
        expect(body.temperature(at)).toBeLessThanOrEqual(38.5);
        expect(body.oxygenSaturation()).toBeGreaterThanOrEqual(90);
        expect(body.oxygenSaturation()).toBeLessThanOrEqual(100);
        expect(body.respiratoryRate(at)).toBeGreaterThanOrEqual(8);
        expect(body.respiratoryRate(at)).toBeLessThanOrEqual(30);
        expect(Math.abs(body.weight(at) - body.weight(at))).toBeLessThanOrEqual(0.3);
      }
    }),
  );
});

test('what a scale or a thermometer shows has one digit after the point, as theirs have', () => {
  const drawn = fc.sample(drawArb, 100);
  let next = 0;
  const body = createBody(() => drawn[next++ % drawn.length]!);
  for (let minute = 0; minute < 24 * 60; minute += 10) {
    const at = new Date(DAY + minute * 60_000);
    for (const value of [body.temperature(at), body.weight(at)]) expect(String(value)).toMatch(/^\d{2}(\.\d)?$/);
  }
});

test('steps begin anew with the day', () => {
  const body = createBody(() => 0.5);
  expect(body.stepsToday(new Date(DAY + 22 * 3_600_000))).toBeGreaterThan(8000);
  expect(body.stepsToday(new Date(DAY + 25 * 3_600_000))).toBeLessThan(100);
});

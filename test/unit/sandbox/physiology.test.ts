import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { simulatedDevices } from '../../../sandbox/simulator/devices.ts';
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
      }
    }),
  );
});

test('steps begin anew with the day', () => {
  const body = createBody(() => 0.5);
  expect(body.stepsToday(new Date(DAY + 22 * 3_600_000))).toBeGreaterThan(8000);
  expect(body.stepsToday(new Date(DAY + 25 * 3_600_000))).toBeLessThan(100);
});

test('every patient has one device of each kind, each with a name of its own', () => {
  const devices = simulatedDevices(3, () => 0.5);
  expect(devices).toHaveLength(9);
  expect(new Set(devices.map(({ deviceId }) => deviceId)).size).toBe(9);
  expect(new Set(devices.map(({ patientId }) => patientId)).size).toBe(3);
  const at = new Date(DAY);
  for (const device of devices) {
    expect(device.message(at)).toMatchObject({ deviceId: device.deviceId, measuredAt: at.toISOString() });
  }
});

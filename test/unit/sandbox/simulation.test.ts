import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FaultName, FaultShares } from '../../../config/simulated-faults.ts';
import { FAULT_NAMES } from '../../../config/simulated-faults.ts';
import { ownEvent } from '../../../sandbox/simulator/device-event.ts';
import type { SimulatedDevice } from '../../../sandbox/simulator/devices.ts';
import { BURST_SIZE } from '../../../sandbox/simulator/faulty-delivery.ts';
import type { SimulatedEvent } from '../../../sandbox/simulator/faulty-delivery.ts';
import type { Random } from '../../../sandbox/simulator/physiology.ts';
import { createSimulation } from '../../../sandbox/simulator/simulation.ts';

const START = Date.UTC(2024, 2, 1);
const INTERVAL_MS = 5000;

/** A device that counts its readings, so that each can be told from the others. */
function countingDevice(deviceId: string, everyIntervals: number): SimulatedDevice & { readonly count: number } {
  let count = 0;
  return {
    deviceId,
    patientId: 'p',
    deviceName: 'd',
    patientName: { given: 'g', family: 'f' },
    everyIntervals,
    event(at, deviceTime = at) {
      count += 1;
      return ownEvent({ deviceId, at, deviceTime }, { reading: count, measuredAt: deviceTime.toISOString() });
    },
    get count() {
      return count;
    },
  };
}

/** The same numbers every time. @see https://en.wikipedia.org/wiki/Linear_congruential_generator */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

interface Run {
  readonly devices: readonly (SimulatedDevice & { readonly count: number })[];
  /** Interval by interval; last what was still held back. */
  readonly sent: readonly (readonly SimulatedEvent[])[];
  readonly strangers: readonly SimulatedDevice[];
}

function run(faults: FaultShares, options: { seed?: number; intervals?: number; everyIntervals?: number[] } = {}): Run {
  const { seed = 1, intervals = 200, everyIntervals = [1, 1, 3] } = options;
  const devices = everyIntervals.map((every, i) => countingDevice(`device-${i}`, every));
  const simulation = createSimulation({ devices, faults, random: seeded(seed) });
  const due = Array.from({ length: intervals }, (_, i) => simulation.due(new Date(START + i * INTERVAL_MS)));
  return { devices, sent: [...due, simulation.rest()], strangers: simulation.strangers };
}

/** `device-0 7`; undefined when it cannot be read. */
const readingOf = ({ device, message, isMalformed }: SimulatedEvent): string => {
  if (isMalformed) return `${device.deviceId} malformed`;
  const { reading } = JSON.parse((message.body as Buffer).toString()) as { reading: number };
  return `${device.deviceId} ${reading}`;
};

const eventsOf = ({ sent, devices }: Run): SimulatedEvent[] => {
  const own = new Set(devices.map(({ deviceId }) => deviceId));
  return sent.flat().filter(({ device }) => own.has(device.deviceId));
};

const sharesArb = fc.record(
  Object.fromEntries(FAULT_NAMES.map((name) => [name, fc.double({ min: 0.01, max: 1, noNaN: true })])),
  { requiredKeys: [] },
) as fc.Arbitrary<FaultShares>;

describe('without faults', () => {
  test('each device sends in its intervals, in order, and nothing is held back', () => {
    const { sent } = run({}, { intervals: 4 });
    expect(sent.map((events) => events.map(readingOf))).toEqual([
      ['device-0 1', 'device-1 1', 'device-2 1'],
      ['device-0 2', 'device-1 2'],
      ['device-0 3', 'device-1 3'],
      ['device-0 4', 'device-1 4', 'device-2 2'],
      [],
    ]);
  });
});

describe('whatever the faults', () => {
  test('every reading is sent at least once, but for those that are spoilt', () => {
    fc.assert(
      fc.property(sharesArb, fc.nat(), fc.integer({ min: 1, max: 150 }), (faults, seed, intervals) => {
        const result = run(faults, { seed, intervals });
        const events = eventsOf(result);
        const read = new Set(events.filter(({ isMalformed }) => !isMalformed).map(readingOf));
        const spoilt = new Set(
          events.filter(({ isMalformed }) => isMalformed).map(({ device, at }) => `${device.deviceId} ${at.getTime()}`),
        );
        const made = result.devices.flatMap(({ deviceId, count }) =>
          Array.from({ length: count }, (_, i) => `${deviceId} ${i + 1}`),
        );
        expect(made.filter((reading) => !read.has(reading))).toHaveLength(spoilt.size);
        expect(read.isSubsetOf(new Set(made))).toBe(true);
      }),
    );
  });

  test('the same draws give the same events', () => {
    fc.assert(
      fc.property(sharesArb, fc.nat(), (faults, seed) => {
        const textsOf = () =>
          run(faults, { seed, intervals: 40 }).sent.map((events) => events.map(({ message }) => String(message.body)));
        expect(textsOf()).toEqual(textsOf());
      }),
      { numRuns: 30 },
    );
  });
});

describe('whatever the duplicates', () => {
  const shareArb = fc.double({ min: 0.01, max: 1, noNaN: true });
  /** What came of each reading, in order of arrival. */
  const arrivalsOf = ({ sent }: Run): { reading: string; delay: number }[] =>
    sent.slice(0, -1).flatMap((events, interval) =>
      events.map((event) => ({
        reading: readingOf(event),
        delay: interval - (event.at.getTime() - START) / INTERVAL_MS,
      })),
    );

  test('a late reading is late at its first arrival, and comes twice at most', () => {
    fc.assert(
      fc.property(shareArb, shareArb, fc.nat(), (late, duplicates, seed) => {
        const arrivals = Map.groupBy(arrivalsOf(run({ late, duplicates }, { seed })), ({ reading }) => reading);
        const first = [...arrivals.values()].map(([arrival]) => arrival!.delay);
        expect(first.filter((delay) => delay !== 0 && delay < 24)).toEqual([]);
        expect([...arrivals.values()].filter(({ length }) => length > 2)).toEqual([]);
      }),
    );
  });

  test('those of a burst come together first, in order', () => {
    fc.assert(
      fc.property(shareArb, shareArb, fc.nat(), (bursts, duplicates, seed) => {
        const arrivals = arrivalsOf(run({ bursts, duplicates }, { seed, everyIntervals: [1] }));
        const first = [...new Set(arrivals.map(({ reading }) => Number(reading.split(' ')[1])))];
        expect(first).toEqual(first.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('each fault alone', () => {
  const INTERVALS = 4000;
  const SHARE = 0.1;
  const runWith = (name: FaultName) => run({ [name]: SHARE }, { intervals: INTERVALS, everyIntervals: [1] });
  const expectAbout = (count: number, expected: number): void => {
    expect(count).toBeGreaterThan(expected * 0.7);
    expect(count).toBeLessThan(expected * 1.3);
  };
  const numbersOf = (result: Run): number[] => eventsOf(result).map((event) => Number(readingOf(event).split(' ')[1]));

  test('duplicates are the same event again, a little later', () => {
    const numbers = numbersOf(runWith('duplicates'));
    expectAbout(numbers.length - INTERVALS, INTERVALS * SHARE);
    const behind = numbers.map((number, i) => Math.max(...numbers.slice(0, i + 1).slice(-20)) - number);
    expect(Math.max(...behind)).toBeLessThanOrEqual(7);
  });

  test('late readings come two to ten minutes after those of their time, and the others go by', () => {
    const { sent } = runWith('late');
    const delays = sent
      .slice(0, INTERVALS)
      .flatMap((events, interval) => events.map(({ at }) => interval - (at.getTime() - START) / INTERVAL_MS));
    const late = delays.filter((delay) => delay > 0);
    expectAbout(late.length, INTERVALS * SHARE);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(24);
    expect(Math.max(...late)).toBeLessThanOrEqual(120);
  });

  test('readings out of order are swapped with the next of their device', () => {
    const numbers = numbersOf(runWith('out-of-order'));
    const steps = numbers.slice(1).map((number, i) => number - numbers[i]!);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: INTERVALS }, (_, i) => i + 1));
    const back = steps.filter((step) => step < 0);
    expect(new Set(back)).toEqual(new Set([-1]));
    // One in ten of those that were not swapped already.
    expectAbout(back.length, INTERVALS * (SHARE / (1 + SHARE)));
  });

  test('spoilt ones are as many as asked for', () => {
    const events = eventsOf(runWith('malformed'));
    expect(events).toHaveLength(INTERVALS);
    expectAbout(events.filter(({ isMalformed }) => isMalformed).length, INTERVALS * SHARE);
  });

  test('a burst is twelve readings at once, in order', () => {
    const result = runWith('bursts');
    const sizes = result.sent.slice(0, INTERVALS).map((events) => events.length);
    const bursts = sizes.filter((size) => size > 1);
    expect(new Set(bursts)).toEqual(new Set([BURST_SIZE]));
    expectAbout(bursts.length * BURST_SIZE, INTERVALS * SHARE);
    const numbers = numbersOf(result);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  test('unknown devices send beside the others', () => {
    const result = run(
      { 'unknown-devices': SHARE },
      { intervals: 1, everyIntervals: Array.from({ length: 30 }, () => 1) },
    );
    expect(result.strangers).toHaveLength(3);
    const senders = new Set(result.sent[0]!.map(({ device }) => device));
    expect(result.strangers.every((stranger) => senders.has(stranger))).toBe(true);
    expect(eventsOf(result)).toHaveLength(30);
  });

  test('a clock that is off is so by whole hours, always the same', () => {
    const result = run({ 'clock-skew': SHARE }, { intervals: 5, everyIntervals: Array.from({ length: 30 }, () => 1) });
    const offsets = Map.groupBy(eventsOf(result), ({ device }) => device.deviceId);
    const hoursOff = [...offsets.values()].map((events) => {
      const hours = events.map(({ at, message }) => {
        const { measuredAt } = JSON.parse(String(message.body)) as { measuredAt: string };
        return (Date.parse(measuredAt) - at.getTime()) / 3_600_000;
      });
      expect(new Set(hours).size).toBe(1);
      return hours[0]!;
    });
    const skewed = hoursOff.filter((hours) => hours !== 0);
    expect(skewed).toHaveLength(3);
    for (const hours of skewed) {
      expect(Number.isInteger(hours)).toBe(true);
      expect(Math.abs(hours)).toBeLessThanOrEqual(12);
    }
  });

  test.each(['unknown-devices', 'clock-skew'] as const)('%s is one device at least, where there are any', (name) => {
    const { strangers, sent } = run({ [name]: 0.001 }, { intervals: 1, everyIntervals: [1, 1] });
    const skewed = sent[0]!.filter(({ at, message }) => !String(message.body).includes(at.toISOString()));
    expect(strangers.length + skewed.length).toBe(1);
    expect(run({ [name]: 1 }, { intervals: 1, everyIntervals: [] }).sent.flat()).toEqual([]);
  });
});

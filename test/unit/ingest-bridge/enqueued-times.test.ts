import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EnqueuedTimes } from '../../../ingest-bridge/enqueued-times.ts';

test('tells when the first event behind a place was taken in, at the latest', () => {
  const times = new EnqueuedTimes();
  times.note(10, 1000);
  times.note(20, 2000);
  times.note(20, 2000);
  expect(times.firstAfter(9)).toBe(1000);
  expect(times.firstAfter(10)).toBe(2000);
  expect(times.firstAfter(20)).toBeUndefined();
});

test('never says an event is older than it is, and is late by no more than the events between two looks', () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1000 })), { minLength: 1 });
  fc.assert(
    fc.property(gaps, fc.nat(100), (looks, at) => {
      const times = new EnqueuedTimes();
      let [sequenceNumber, enqueuedAt] = [-1, 0];
      const noted = looks.map(([events, ms]) => {
        sequenceNumber += events;
        enqueuedAt += ms;
        times.note(sequenceNumber, enqueuedAt);
        return { sequenceNumber, enqueuedAt };
      });
      const place = at % (sequenceNumber + 1);
      expect(times.firstAfter(place)).toBe(noted.find((look) => look.sequenceNumber > place)?.enqueuedAt);
    }),
  );
});

test('stays bounded however long nobody reads, and goes on telling the age of the oldest', () => {
  const times = new EnqueuedTimes();
  for (let look = 0; look < 100_000; look++) times.note(look, look * 15_000);
  expect(times.firstAfter(-1)).toBe(0);
  const told = times.firstAfter(50_000) ?? 0;
  expect(told).toBeGreaterThan(50_000 * 15_000);
  expect(told).toBeLessThan(52_000 * 15_000);
});

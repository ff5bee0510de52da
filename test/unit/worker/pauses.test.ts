import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Pauses } from '../../../worker/pauses.ts';

/** Clocks that are set by hand. */
class Clocks {
  monotonic = 1_000_000;
  wall = 1_700_000_000_000;

  readonly now = () => ({ monotonic: this.monotonic, wall: this.wall });

  pass(ms: number, wallMs = ms): void {
    this.monotonic += ms;
    this.wall += wallMs;
  }
}

test.each([
  { name: 'a short one lets it go on', pause: [14_900, 14_900], isOver: false },
  { name: 'one of the whole process ends it', pause: [15_100, 15_100], isOver: true },
  { name: 'one of the whole machine ends it, though one clock slept too', pause: [900, 3_600_000], isOver: true },
  { name: 'a clock that is set back hides nothing', pause: [15_100, -3_600_000], isOver: true },
])('of the pauses of an activity, $name', ({ pause: [ms = 0, wallMs = 0], isOver }) => {
  const clocks = new Clocks();
  const pauses = new Pauses(clocks.now);
  const { signal } = pauses.begin(15_000);
  clocks.pass(ms, wallMs);
  expect(signal.aborted).toBe(false);
  pauses.look();
  expect(signal.aborted).toBe(isOver);
  if (isOver) expect(signal.reason).toMatchObject({ code: 'DELIVERY_UNFINISHED', kind: 'transient' });
});

test('an activity that was handed over during a pause, and begins after it, is over too', () => {
  const clocks = new Clocks();
  const pauses = new Pauses(clocks.now);
  clocks.pass(60_000);
  pauses.look();
  clocks.pass(100);
  pauses.look();
  expect(pauses.begin(15_000).signal.aborted).toBe(true);
  for (let i = 0; i < 6; i++) {
    clocks.pass(1000);
    pauses.look();
  }
  expect(pauses.begin(15_000).signal.aborted).toBe(false);
});

test('one that has ended is no longer told', () => {
  const clocks = new Clocks();
  const pauses = new Pauses(clocks.now);
  const activity = pauses.begin(15_000);
  activity.end();
  clocks.pass(60_000);
  pauses.look();
  expect(activity.signal.aborted).toBe(false);
});

test('however looks and activities are spread, exactly those that were running in a long pause are over', () => {
  const step = fc.record({ ms: fc.nat(40_000), begins: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const clocks = new Clocks();
      const pauses = new Pauses(clocks.now);
      const running: { signal: AbortSignal; slept: boolean }[] = [];
      let sinceLongPauseMs = Infinity;
      for (const { ms, begins } of steps) {
        clocks.pass(ms);
        const isLong = ms > 15_000;
        sinceLongPauseMs = isLong ? 0 : sinceLongPauseMs + ms;
        for (const activity of running) activity.slept ||= isLong;
        if (begins) {
          const { signal } = pauses.begin(15_000);
          running.push({ signal, slept: sinceLongPauseMs <= 5_000 });
        } else pauses.look();
        expect(running.map(({ signal }) => signal.aborted)).toEqual(running.map(({ slept }) => slept));
      }
    }),
  );
});

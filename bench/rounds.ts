/** A sorted list of what the rounds gave. */
export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

export interface Comparison {
  /** Calls in a second of one core's time. */
  readonly ours: Spread;
  readonly naive: Spread;
  /** How many times as fast, round by round. */
  readonly ratio: Spread;
}

const ROUND_COUNT = 9;
const ROUND_MS = 250;

/**
 * Measures both by turns, so that whatever else the machine does falls on both alike. Time is that of the process on any
 * core, garbage collection and compilation included: waiting for a core that others use does not count.
 */
export function compare(ours: () => unknown, naive: () => unknown): Comparison {
  rateOf(ours);
  rateOf(naive);
  const rounds = Array.from({ length: ROUND_COUNT }, () => ({ ours: rateOf(ours), naive: rateOf(naive) }));
  return {
    ours: spreadOf(rounds.map((round) => round.ours)),
    naive: spreadOf(rounds.map((round) => round.naive)),
    ratio: spreadOf(rounds.map((round) => round.ours / round.naive)),
  };
}

function rateOf(call: () => unknown): number {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  // The clock costs too, so it is looked at after ever more calls.
  for (let batch = 1; performance.now() - startedAt < ROUND_MS; batch = Math.min(batch * 2, 256)) {
    for (let index = 0; index < batch; index += 1) call();
    count += batch;
  }
  const { user, system } = process.cpuUsage(before);
  return (count * 1_000_000) / (user + system);
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { least: at(0), median: at(0.5), most: at(1) };
}

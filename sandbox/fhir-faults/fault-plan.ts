import type { Fault } from './fault.ts';

/** What is to happen to one request. */
export interface Hits {
  readonly delayMs: number;
  /** Besides the delay; of several only the first that was injected. */
  readonly effect: Exclude<Fault, { does: 'delay' }> | undefined;
}

/** How many requests each kind of fault has hit. */
export type HitCounts = Readonly<Record<Fault['does'], number>>;

/** The faults that are injected at present, and the dice that are thrown for each request. */
export class FaultPlan {
  readonly #random: () => number;
  readonly #counts: Record<Fault['does'], number> = {
    answer: 0,
    delay: 0,
    'cut-before': 0,
    'cut-after': 0,
    'broken-json': 0,
  };
  readonly #faults = new Set<{ fault: Fault; left: number }>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** @returns takes the fault away again */
  add(fault: Fault): () => void {
    const added = { fault, left: fault.times ?? Infinity };
    this.#faults.add(added);
    return () => {
      this.#faults.delete(added);
    };
  }

  hitCounts(): HitCounts {
    return { ...this.#counts };
  }

  /** Throws the dice for one request. */
  hits(method: string, path: string): Hits {
    let delayMs = 0;
    let effect: Hits['effect'];
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (fault.does !== 'delay' && effect !== undefined) continue;
      if (!concerns(fault, method, path) || this.#random() >= (fault.share ?? 1)) continue;
      if (--entry.left <= 0) this.#faults.delete(entry);
      this.#counts[fault.does] += 1;
      if (fault.does === 'delay') delayMs += fault.delayMs;
      else effect = fault;
    }
    return { delayMs, effect };
  }
}

function concerns(fault: Fault, method: string, path: string): boolean {
  return (fault.method ?? method) === method && (fault.path?.test(path) ?? true);
}

import { IngestError } from '../core/errors.ts';

/** Two clocks, in ms: one stands still while some machines sleep, the other is set now and then. */
export interface ClockReadings {
  readonly monotonic: number;
  readonly wall: number;
}

export interface RunningActivity {
  /** Aborted with an IngestError once the activity has slept through a pause. */
  readonly signal: AbortSignal;
  end(): void;
}

/** What was handed over to a process before a pause, or during it, begins right after it. */
const AFTERMATH_MS = 5_000;

/**
 * Notices that this process stood still: stopped, suspended with its machine, or busy for too long. Meanwhile Temporal may
 * have given its activities to another worker, and they must not send anything any more.
 */
export class Pauses {
  readonly #now: () => ClockReadings;
  /** The longest pause that each can bear, in ms. */
  readonly #running = new Map<AbortController, number>();
  #lookedAt: ClockReadings;
  #last = { pauseMs: 0, endedAt: -Infinity };

  constructor(now: () => ClockReadings) {
    this.#now = now;
    this.#lookedAt = now();
  }

  /**
   * Aborts what has slept for too long. To be called every second, and before whatever must not happen after a pause: no
   * one knows what runs first when a process goes on.
   */
  look(): void {
    const now = this.#now();
    const { monotonic, wall } = this.#lookedAt;
    const pauseMs = Math.max(now.monotonic - monotonic, now.wall - wall);
    this.#lookedAt = now;
    const isOver = now.monotonic - this.#last.endedAt > AFTERMATH_MS;
    if (isOver || pauseMs >= this.#last.pauseMs) this.#last = { pauseMs, endedAt: now.monotonic };
    for (const [controller, longestMs] of this.#running) if (pauseMs > longestMs) this.#abort(controller);
  }

  /** @param longestMs the longest pause that the activity can bear */
  begin(longestMs: number): RunningActivity {
    this.look();
    const controller = new AbortController();
    this.#running.set(controller, longestMs);
    if (this.#last.pauseMs > longestMs) this.#abort(controller);
    return { signal: controller.signal, end: () => this.#running.delete(controller) };
  }

  #abort(controller: AbortController): void {
    this.#running.delete(controller);
    controller.abort(new IngestError('DELIVERY_UNFINISHED', 'The worker stood still in the middle of this activity'));
  }
}

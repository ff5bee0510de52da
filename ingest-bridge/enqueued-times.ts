interface Look {
  readonly sequenceNumber: number;
  /** Milliseconds since 1970. */
  readonly enqueuedAt: number;
}

/** Two hours of a look every quarter of a minute; of a longer wait every second look is kept, then every fourth. */
const MOST_LOOKS = 480;

/**
 * When the hub took in which event of a partition, as far as looks at its newest event have told. It answers how old the
 * oldest event is that waits, without reading it.
 */
export class EnqueuedTimes {
  #looks: Look[] = [];
  #notedCount = 0;
  #keepEvery = 1;
  /** The newest look is always known, and gives way to the next unless it is one of those that are kept. */
  #isLastKept = true;

  /** Of the newest event in the partition; a look that shows nothing new changes nothing. */
  note(sequenceNumber: number, enqueuedAt: number): void {
    if (sequenceNumber <= (this.#looks.at(-1)?.sequenceNumber ?? -1)) return;
    if (!this.#isLastKept) this.#looks.pop();
    this.#looks.push({ sequenceNumber, enqueuedAt });
    this.#isLastKept = this.#notedCount % this.#keepEvery === 0;
    this.#notedCount += 1;
    if (this.#looks.length > MOST_LOOKS) {
      this.#looks = this.#looks.filter((_, index) => index % 2 === 0);
      this.#keepEvery *= 2;
    }
  }

  /**
   * When the first event behind a sequence number was taken in: at the latest, it may have been as much earlier as there
   * was between two looks. Looks up to there are forgotten.
   *
   * @returns milliseconds since 1970; undefined when no event behind it is known
   */
  firstAfter(sequenceNumber: number): number | undefined {
    this.#looks = this.#looks.filter((look) => look.sequenceNumber > sequenceNumber);
    if (this.#looks.length === 0) this.#keepEvery = 1;
    return this.#looks[0]?.enqueuedAt;
  }
}

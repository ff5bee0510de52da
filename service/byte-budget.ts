/** How much all requests together may hold in memory. */
export class ByteBudget {
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** @returns what a request takes and gives back */
  share(): BudgetShare {
    let taken = 0;
    return {
      take: (bytes) => {
        if (bytes > this.#free) return false;
        this.#free -= bytes;
        taken += bytes;
        return true;
      },
      giveBack: () => {
        this.#free += taken;
        taken = 0;
      },
    };
  }
}

export interface BudgetShare {
  /** @returns whether there was so much left */
  take(bytes: number): boolean;
  giveBack(): void;
}

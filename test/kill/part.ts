import { setTimeout as rest } from 'node:timers/promises';
import { noteProcess } from './leftovers.ts';

const READY_WITHIN_MS = 60_000;
/** What whoever keeps processes running would wait before it starts one again. */
const RESTART_AFTER_MS = 1000;

/** A process that can be used, and is waited for until it has ended. */
interface Running {
  readonly pid: number;
  readonly ready: Promise<unknown>;
  readonly ended: Promise<unknown>;
}

/**
 * One process of the system, kept running: one that ends by itself is started again, as a supervisor would. `kill` is
 * the end that no process can prepare for.
 */
export class Part {
  readonly name: string;
  /** How often it ended unasked. */
  endingCount = 0;
  readonly #launch: () => Promise<Running> | Running;
  #running: Running | undefined;
  #isWanted = false;
  #isFrozen = false;
  #keeping: Promise<void> = Promise.resolve();

  constructor(name: string, launch: () => Promise<Running> | Running) {
    this.name = name;
    this.#launch = launch;
  }

  /** Up, and not stopped in its tracks. */
  get isActive(): boolean {
    return this.#isWanted && !this.#isFrozen;
  }

  /** Resolves once it can be used. @throws when it cannot within a minute */
  async start(): Promise<void> {
    if (this.#isWanted) return;
    this.#isWanted = true;
    const ready = Promise.withResolvers<undefined>();
    this.#keeping = this.#keep(ready);
    const late = rest(READY_WITHIN_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${this.name} was not ready within a minute; its log says why`);
    });
    late.catch(() => undefined); // nobody waits for it once the part is ready
    await Promise.race([ready.promise, late]);
  }

  /** `kill -9`; resolves once it is gone. */
  async kill(): Promise<void> {
    this.#isWanted = false;
    this.#isFrozen = false;
    this.#signal('SIGKILL');
    await this.#keeping;
  }

  /** Stops it where it is, as a machine that is suspended: it does not know. */
  freeze(): void {
    this.#isFrozen = true;
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#signal('SIGCONT');
  }

  async #keep(ready: PromiseWithResolvers<undefined>): Promise<void> {
    while (this.#isWanted) {
      const launched = await this.#launch();
      this.#running = launched;
      noteProcess(launched.pid, launched.ended);
      if (!this.#wants()) this.#signal('SIGKILL'); // killed while it was launched
      launched.ready.then(
        () => {
          ready.resolve(undefined);
        },
        () => undefined, // its end is seen below
      );
      await launched.ended;
      this.#running = undefined;
      if (!this.#wants()) return;
      this.endingCount += 1;
      await rest(RESTART_AFTER_MS);
    }
  }

  /** TypeScript takes what it saw before an await for still true. */
  #wants(): boolean {
    return this.#isWanted;
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#running?.pid;
    if (pid !== undefined) process.kill(pid, signal);
  }
}

import { setTimeout as rest } from 'node:timers/promises';
import type { Part } from './part.ts';
import type { Random } from './random.ts';
import type { Senders } from './senders.ts';
import type { System } from './system.ts';

/** What can happen to a running system. It is over, or goes on in the background, when it resolves. */
export interface Trouble {
  /** As it is asked for on the command line. */
  readonly name: string;
  readonly happen: (scene: Scene) => Promise<void>;
}

export interface SceneOptions {
  readonly system: System;
  readonly senders: Senders;
  readonly random: Random;
  readonly say: (line: string) => void;
}

/** One run of the test, as its troubles see it. */
export class Scene {
  readonly system: System;
  readonly senders: Senders;
  readonly random: Random;
  readonly say: (line: string) => void;
  readonly #kills = new Map<string, number>();
  readonly #background = new Map<object, Promise<void>>();

  constructor({ system, senders, random, say }: SceneOptions) {
    this.system = system;
    this.senders = senders;
    this.random = random;
    this.say = say;
  }

  async kill(part: Part): Promise<void> {
    const kind = part.name.replace(/-\d$/, '');
    this.#kills.set(kind, (this.#kills.get(kind) ?? 0) + 1);
    await part.kill();
  }

  /** Starts it again after a moment. */
  async bringBack(part: Part): Promise<void> {
    const downMs = Math.round(this.random.between(0, 2500));
    await rest(downMs);
    await part.start();
    this.say(`  ${part.name} is back after ${downMs} ms`);
  }

  /** One of those that run and are not stopped in their tracks. */
  pickActive(of: readonly { readonly part: Part }[]): Part {
    return this.random.pick(of.filter(({ part }) => part.isActive)).part;
  }

  /** Goes on while other things happen; one thing at a time to the same parts. */
  inBackground(to: object, running: Promise<void>): void {
    running.catch(() => undefined); // `settled` tells it
    this.#background.set(to, running);
  }

  /** Resolves once nothing goes on in the background, to these parts or to any. */
  async settled(to?: object): Promise<void> {
    await (to === undefined ? Promise.all(this.#background.values()) : this.#background.get(to));
  }

  /** By part: `worker 3, fhir-server 1`. */
  kills(): string {
    return [...this.#kills].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
  }
}

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Random } from './random.ts';
import type { Trouble } from './scene.ts';
import { TROUBLES } from './troubles/troubles.ts';

/** What was asked for on the command line. */
export interface Plan {
  /** Of each run. */
  readonly seeds: readonly number[];
  readonly rounds: number;
  readonly troubles: readonly Trouble[];
  /** Whether the data of a run that passed is kept. */
  readonly keeps: boolean;
  /** A run that is not over by then has failed. */
  readonly limitMs: number;
}

const DEFAULT_ROUNDS = 12;
const DEFAULT_LIMIT_SECONDS = 1200;
const MAX_SEED = 2 ** 32;

export const USAGE = `npm run test:kill -- [--seed N] [--rounds N] [--troubles a,b,…] [--runs N] [--limit N] [--keep]

Kills parts of a running system in random order, and checks that every reading is in FHIR exactly once.

  --seed N        the order of troubles; each further run takes the next number (default: random)
  --rounds N      how many troubles (default: ${DEFAULT_ROUNDS}, or those that are named)
  --troubles a,b  only these: ${TROUBLES.map(({ name }) => name).join(', ')}
  --runs N        so many runs, one after the other (default: 1)
  --limit N       a run that is not over after N seconds has failed, and is the last (default: ${DEFAULT_LIMIT_SECONDS})
  --keep          keep the data folder, which otherwise only a failed run leaves`;

/** @throws when something was asked for that there is not */
export function readPlan(args: string[]): Plan {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string', default: String(randomInt(MAX_SEED)) },
      rounds: { type: 'string' },
      troubles: { type: 'string', default: TROUBLES.map(({ name }) => name).join(',') },
      runs: { type: 'string', default: '1' },
      limit: { type: 'string', default: String(DEFAULT_LIMIT_SECONDS) },
      keep: { type: 'boolean', default: false },
    },
  });
  const troubles = values.troubles.split(',').map(troubleNamed);
  const first = wholeNumber('seed', values.seed);
  return {
    seeds: Array.from({ length: wholeNumber('runs', values.runs) }, (_, i) => (first + i) % MAX_SEED),
    rounds:
      values.rounds === undefined ? Math.min(DEFAULT_ROUNDS, troubles.length) : wholeNumber('rounds', values.rounds),
    troubles,
    keeps: values.keep,
    limitMs: wholeNumber('limit', values.limit) * 1000,
  };
}

/** Each comes once, in random order, before one comes again. */
export function drawTroubles({ troubles, rounds }: Plan, random: Random): Trouble[] {
  const drawn: Trouble[] = [];
  while (drawn.length < rounds) drawn.push(...random.shuffled(troubles));
  return drawn.slice(0, rounds);
}

function troubleNamed(name: string): Trouble {
  const trouble = TROUBLES.find((each) => each.name === name);
  if (trouble === undefined) throw new Error(`There is no trouble ${name}`);
  return trouble;
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name}: expected a whole number`);
  return Number(text);
}

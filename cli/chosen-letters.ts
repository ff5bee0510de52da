import type { Command } from 'commander';
import type { DeadLetter, DeadLetterStage } from '../core/dead-letter.ts';
import type { IngestErrorCode } from '../core/errors.ts';
import { OperatorError } from '../core/operator-error.ts';
import type { LetterStanding, LetterState } from '../core/replay.ts';
import { standingOf } from '../core/replay.ts';
import { createDeadLetters } from '../stores/dead-letters.ts';
import { createLetterStates } from '../stores/letter-states.ts';
import type { Deployment } from './deployment.ts';
import { instant, oneOf, oneOfTheCodes } from './option-values.ts';

type WantedStanding = LetterStanding | 'all';

/** Which letters; without anything those that are held. Milliseconds since 1970. */
export interface LetterFilter {
  readonly since?: number;
  readonly until?: number;
  readonly stage?: DeadLetterStage;
  readonly code?: IngestErrorCode;
  readonly device?: string;
  readonly type?: string;
  readonly state?: WantedStanding;
}

export interface FoundLetter {
  readonly letter: DeadLetter;
  readonly standing: LetterStanding;
  readonly state?: LetterState;
}

/** Adds the options of a `LetterFilter`. */
export function filtered(command: Command): Command {
  const standings: WantedStanding[] = ['held', 'replayed', 'discarded', 'all'];
  const stages: DeadLetterStage[] = ['normalize', 'transform'];
  return command
    .option('--since <instant>', 'failed at it or later: a day in UTC, or an instant with its zone', instant)
    .option('--until <instant>', 'failed before it', instant)
    .option('--stage <stage>', 'normalize or transform', oneOf(stages))
    .option('--code <code>', 'failed of this, a code of docs/errors.md', oneOfTheCodes)
    .option('--device <id>', 'of this device, where it is known')
    .option('--type <type>', 'of this measurement type, where it is known')
    .option('--state <state>', 'held (without it), replayed, discarded or all', oneOf(standings))
    .option('--json', 'as JSON');
}

/**
 * Letters named one by one, or those a filter finds; never all of them by omission.
 *
 * @throws OperatorError when it is neither, or both
 */
export function lettersChosen(
  ids: readonly string[],
  options: LetterFilter & { readonly all?: boolean; readonly again?: boolean },
): (deployment: Deployment) => Promise<FoundLetter[]> {
  const { since, until, stage, code, device, type, state, all = false, again = false } = options;
  const isFiltered = all || [since, until, stage, code, device, type, state].some((value) => value !== undefined);
  if (ids.length > 0 && isFiltered) throw new OperatorError('Name letters or filter them, not both');
  if (ids.length > 0) return (deployment) => lettersNamed(deployment, ids);
  if (!isFiltered) throw new OperatorError('Name a letter, choose by --code, --type and the like, or take --all');
  // What is to be done once more is no longer held.
  const wanted = again && state === undefined ? { ...options, state: 'all' as const } : options;
  return (deployment) => findLetters(deployment, wanted);
}

/** The oldest first. */
export async function findLetters({ store, name }: Deployment, filter: LetterFilter): Promise<FoundLetter[]> {
  const states = await createLetterStates(store, name).list();
  const letters = await createDeadLetters(store, name).list();
  return letters
    .map((letter): FoundLetter => {
      const state = states.get(letter.id);
      return { letter, standing: standingOf(state), ...(state !== undefined && { state }) };
    })
    .filter(isWantedBy(filter))
    .sort((a, b) => Date.parse(a.letter.failedAt) - Date.parse(b.letter.failedAt));
}

/**
 * Letters by their ids, or by the beginnings of their ids, each once.
 *
 * @throws OperatorError for one that names none or several
 */
export async function lettersNamed(deployment: Deployment, ids: readonly string[]): Promise<FoundLetter[]> {
  const all = await findLetters(deployment, { state: 'all' });
  const named = ids.map((id) => {
    const [found, ...others] = all.filter(({ letter }) => letter.id.startsWith(id));
    if (found !== undefined && others.length === 0) return found;
    const what = found === undefined ? 'no dead letter has' : `${others.length + 1} dead letters have`;
    throw new OperatorError(`${id}: ${what} an id that begins so`);
  });
  return [...new Set(named)];
}

function isWantedBy({ since = -Infinity, until = Infinity, state = 'held', ...exact }: LetterFilter) {
  return ({ letter, standing }: FoundLetter): boolean => {
    const failedAt = Date.parse(letter.failedAt);
    return (
      failedAt >= since &&
      failedAt < until &&
      (state === 'all' || standing === state) &&
      isUnlessGiven(exact.stage, letter.stage) &&
      isUnlessGiven(exact.code, letter.code) &&
      isUnlessGiven(exact.device, letter.deviceId) &&
      isUnlessGiven(exact.type, letter.type)
    );
  };
}

function isUnlessGiven(given: string | undefined, actual: string | undefined): boolean {
  return given === undefined || given === actual;
}

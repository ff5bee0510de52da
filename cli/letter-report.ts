import type { DeadLetter } from '../core/dead-letter.ts';
import type { FoundLetter } from './chosen-letters.ts';
import type { Refused } from './failure-words.ts';
import { begunReplay } from './replay-letter.ts';

/** What became of one letter. */
export type LetterResult = { readonly id: string } & (LetterDone | Refused);

export interface LetterDone {
  /** Absent for an event that was discarded: nobody knows. */
  readonly measurementCount?: number;
  /** When the replay had been begun that now went on where it was. */
  readonly resumedFrom?: string;
}

/** Without readings and identifiers. */
export function summaryOf({ letter, standing, state }: FoundLetter) {
  const { id, stage, code, message, failedAt, positions, place, templateVersion, replayOf } = letter;
  const replayBegunAt = begunReplay(state)?.startedAt;
  return { id, standing, replayBegunAt, stage, code, message, failedAt, positions, place, templateVersion, replayOf };
}

/** With all it holds. */
export function wholeOf({ letter, standing, state }: FoundLetter) {
  const { replays = [], discarded } = state ?? {};
  const body = letter.event && Buffer.from(letter.event.body, 'base64').toString('utf8');
  const replayBegunAt = begunReplay(state)?.startedAt;
  return { ...letter, ...(body !== undefined && { bodyText: body }), standing, replayBegunAt, replays, discarded };
}

/** What may be edited of it. */
export function contentOf({ event, measurements }: DeadLetter): string {
  if (event !== undefined) return Buffer.from(event.body, 'base64').toString('utf8');
  return JSON.stringify(measurements ?? [], null, 2);
}

export function describeLetters(found: readonly FoundLetter[]): string {
  if (found.length === 0) return 'No such dead letter.';
  const lines = found.map((each) => {
    const { id, failedAt, stage, code, message, positions } = each.letter;
    const what = stage === 'normalize' ? 'an event' : `${positions.length} measurements`;
    return `${id}  ${failedAt}  ${standingWords(each)}${what}: ${code}, ${message}`;
  });
  return [...lines, `${found.length} dead ${found.length === 1 ? 'letter' : 'letters'}`].join('\n');
}

export function describeResults(results: readonly LetterResult[], done: string): string {
  if (results.length === 0) return 'No such dead letter.';
  return results
    .map((result) => {
      if ('refused' in result) return `${result.id}: not ${done}: ${result.refused}`;
      const { id, measurementCount, resumedFrom } = result;
      const count = measurementCount === undefined ? '' : `, ${measurementCount} measurements`;
      return `${id}: ${done}${count}${resumedFrom === undefined ? '' : ` (resumed the replay begun ${resumedFrom})`}`;
    })
    .join('\n');
}

function standingWords({ standing, state }: FoundLetter): string {
  const begun = begunReplay(state);
  const words = [
    ...(standing === 'held' ? [] : [standing]),
    ...(begun === undefined ? [] : [`replay begun ${begun.startedAt}`]),
  ];
  return words.length === 0 ? '' : `(${words.join(', ')}) `;
}

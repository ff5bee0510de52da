import type { Command } from 'commander';
import { OperatorError } from '../core/operator-error.ts';
import type { OperatorWord } from '../core/operator-request.ts';
import type { FoundLetter, LetterFilter } from './chosen-letters.ts';
import { filtered, findLetters, lettersChosen, lettersNamed } from './chosen-letters.ts';
import type { CommandContext } from './command-context.ts';
import type { Deployment } from './deployment.ts';
import { withDeployment } from './deployment.ts';
import { orRefused } from './failure-words.ts';
import { editFrom } from './letter-edit.ts';
import type { LetterDone, LetterResult } from './letter-report.ts';
import { contentOf, describeLetters, describeResults, summaryOf, wholeOf } from './letter-report.ts';
import type { Explained, Printed } from './operator-options.ts';
import { example, explained, show, wordOf } from './operator-options.ts';
import { letterId, several } from './option-values.ts';
import { discardLetter, replayLetter } from './replay-letter.ts';

interface ChoiceOptions extends LetterFilter, Explained, Printed {
  readonly all?: boolean;
}

interface ReplayOptions extends ChoiceOptions {
  readonly again?: boolean;
  readonly edit?: string;
}

/** What was asked for, once it is known to make sense. */
interface Chosen {
  readonly word: OperatorWord;
  readonly lettersIn: (deployment: Deployment) => Promise<FoundLetter[]>;
}

/** Lets operators see, replay, edit and discard what could not be ingested. */
export function addDeadLettersCommand(program: Command, contextOf: () => CommandContext): void {
  const letters = program.command('dead-letters').description('what could not be ingested: see it, and replay it');
  addLookCommands(letters, contextOf);
  addReplayCommand(letters, contextOf);
  addDiscardCommand(letters, contextOf);
}

function addLookCommands(letters: Command, contextOf: () => CommandContext): void {
  filtered(letters.command('list'))
    .description('dead letters, without what they hold')
    .addHelpText('after', example('dead-letters list --code BODY_NOT_JSON --since 2026-11-23'))
    .action(async (options: LetterFilter & Printed) => {
      const context = contextOf();
      const found = await withDeployment(context, (deployment) => findLetters(deployment, options));
      show(context, options, found.map(summaryOf), describeLetters(found));
    });

  letters
    .command('show')
    .argument('<id>', 'the id of a letter, or its beginning', letterId)
    .option('--content', 'only what it holds, to be edited: the body of its event, or its measurements')
    .description('one letter with all it holds: health data')
    .addHelpText('after', example('dead-letters show 1f0c2a9b'))
    .action(async (id: string, { content }: { content?: boolean }) => {
      const context = contextOf();
      const [found] = await withDeployment(context, (deployment) => lettersNamed(deployment, [id]));
      if (found === undefined) return;
      context.print(content === true ? contentOf(found.letter) : JSON.stringify(wholeOf(found), null, 2));
    });
}

function addReplayCommand(letters: Command, contextOf: () => CommandContext): void {
  explained(filtered(withIds(letters.command('replay'))))
    .option('--all', 'every letter that is held')
    .option('--again', 'also what was replayed before; with a filter, letters of every --state')
    .option('--edit <file>', 'in place of what the letter holds: the body of its event, or its measurements as JSON')
    .description('hand what letters hold over to their workflows once more; what was written already stays as it is')
    .addHelpText('after', example('dead-letters replay --code VALUE_NOT_DECIMAL --why "mapping mended"'))
    .action(async (ids: string[], options: ReplayOptions) => {
      if (options.edit !== undefined && ids.length !== 1)
        throw new OperatorError('--edit: name exactly one letter by its id');
      const chosen = chosenBy(ids, options);
      const context = contextOf();
      const replay = (deployment: Deployment, found: FoundLetter, word: OperatorWord): Promise<LetterDone> =>
        replayFound(context, deployment, found, options, word);
      const results = await each(context, chosen, replay);
      show(context, options, results, describeResults(results, 'handed over'));
    });
}

function addDiscardCommand(letters: Command, contextOf: () => CommandContext): void {
  explained(filtered(withIds(letters.command('discard'))))
    .option('--all', 'every letter that is held')
    .description('give letters up: they are kept, and count as discarded')
    .addHelpText('after', example('dead-letters discard 1f0c2a9b --why "a test device"'))
    .action(async (ids: string[], options: ChoiceOptions) => {
      const chosen = chosenBy(ids, options);
      const context = contextOf();
      const results = await each(context, chosen, async (deployment, { letter }, word) => {
        await discardLetter(deployment, letter, word);
        return letter.measurements === undefined ? {} : { measurementCount: letter.measurements.length };
      });
      show(context, options, results, describeResults(results, 'discarded'));
    });
}

function withIds(command: Command): Command {
  return command.argument('[ids...]', 'ids of letters, or their beginnings', several(letterId));
}

async function replayFound(
  { config }: CommandContext,
  deployment: Deployment,
  { letter }: FoundLetter,
  { again = false, edit: file }: ReplayOptions,
  word: OperatorWord,
): Promise<LetterDone> {
  const edit = file === undefined ? {} : { edit: editFrom(file, letter) };
  const { replay, isResumed } = await replayLetter(deployment, config, letter, { ...word, ...edit, again });
  const { handedOver = [], startedAt } = replay;
  const measurementCount = handedOver.reduce((sum, part) => sum + part.measurementCount, 0);
  return { measurementCount, ...(isResumed && { resumedFrom: startedAt }) };
}

/** @throws OperatorError */
function chosenBy(ids: readonly string[], options: ChoiceOptions): Chosen {
  return { word: wordOf(options), lettersIn: lettersChosen(ids, options) };
}

/** One letter after the other: what is refused for one of them holds up no other, and makes the exit status 1. */
async function each(
  context: CommandContext,
  { word, lettersIn }: Chosen,
  act: (deployment: Deployment, found: FoundLetter, word: OperatorWord) => Promise<LetterDone>,
): Promise<LetterResult[]> {
  return await withDeployment(context, async (deployment) => {
    const results: LetterResult[] = [];
    for (const found of await lettersIn(deployment)) {
      const result = await orRefused(() => act(deployment, found, word));
      results.push({ id: found.letter.id, ...result });
      if ('refused' in result) process.exitCode = 1;
    }
    return results;
  });
}

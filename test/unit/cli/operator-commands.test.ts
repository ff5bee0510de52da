import { describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { addBatchesCommand } from '../../../cli/batches.ts';
import { addDeadLettersCommand } from '../../../cli/dead-letters.ts';
import { wordOf } from '../../../cli/operator-options.ts';
import { instant, letterId } from '../../../cli/option-values.ts';

/** Whatever is wrong in the words themselves is said before anything is asked. */
async function run(line: string): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  const contextOf = (): never => {
    throw new Error('accepted');
  };
  addBatchesCommand(program, contextOf);
  addDeadLettersCommand(program, contextOf);
  await program.parseAsync(['node', 'iomt-fhir', ...line.split(' ')]);
}

const WHY = '--why tests --by ada';

test.each([
  ['batches list --reason DEVICE_NOT_FUOND', 'Expected one of BODY_NOT_JSON, '],
  ['batches list --state held', 'Expected one of retrying, stuck'],
  ['batches retry', 'Name a workflow, or choose by'],
  ['batches retry iomt.a.b --all', 'not both'],
  ['batches retry iomt.a.b --group 1f0c', 'Expected the id of a group, 8 hexadecimal digits'],
  [`batches dead-letter iomt.a.b ${WHY}`, 'Name one group by its id, or choose by --code, or take --all'],
  [`batches dead-letter iomt.a.b 1f0c2a9b --all ${WHY}`, 'Name one group by its id'],
  ['batches dead-letter iomt.a.b --all --by ada', "required option '--why <reason>' not specified"],
  ['batches assign iomt.a.b 1f0c2a9b --patient p --by ada --why ', 'Expected `why`'],
  ['batches show --device watch-1', 'Name the workflow, or its --device and --type'],
  ['dead-letters list --state open', 'Expected one of held, replayed, discarded, all'],
  ['dead-letters list --stage fhir', 'Expected one of normalize, transform'],
  ['dead-letters list --code NONE', 'Expected one of BODY_NOT_JSON, '],
  ['dead-letters list --until 2026-11-23T08:00:00', 'an instant with its zone'],
  ['dead-letters show 1f0', 'at least 4 hexadecimal digits'],
  [`dead-letters discard  ${WHY}`, 'at least 4 hexadecimal digits'],
  [`dead-letters replay ${WHY}`, 'Name a letter, choose by'],
  [`dead-letters replay --all --edit f ${WHY}`, '--edit: name exactly one letter'],
  [`dead-letters replay 1f0c 2a9b --edit f ${WHY}`, '--edit: name exactly one letter'],
  ['dead-letters replay 1f0c --why tests --by ', 'Expected `by`'],
])('`%s` is refused', async (line, words) => {
  await expect(run(line)).rejects.toThrow(words);
});

test.each([
  'batches retry --type of-any-name',
  'batches retry iomt.a.b --group 1F0C2A9B',
  `batches dead-letter iomt.a.b --code DEVICE_NOT_FOUND ${WHY}`,
  `batches dead-letter iomt.a.b 1f0c2a9b ${WHY}`,
  `batches dead-letter iomt.a.b --all ${WHY}`,
  'dead-letters list --type of-any-name --since 2026-11-23',
  `dead-letters replay 1f0c --edit f ${WHY}`,
])('`%s` is accepted', async (line) => {
  await expect(run(line)).rejects.toThrow('accepted');
});

describe('who asks', () => {
  const nobody = (): string => {
    throw new Error('no such entry');
  };

  test('is the account, unless a name is given', () => {
    expect(wordOf({ why: 'tests' }, () => 'ada')).toEqual({ by: 'ada', why: 'tests' });
    expect(wordOf({ why: 'tests', by: 'bob' }, nobody)).toEqual({ by: 'bob', why: 'tests' });
  });

  test('has to be given by an account without a name', () => {
    expect(() => wordOf({ why: 'tests' }, nobody)).toThrow('--by <name>');
  });

  test('and why are bounded, as workflows bound them', () => {
    expect(() => wordOf({ by: 'a'.repeat(101), why: 'tests' })).toThrow('at most 100 characters');
    expect(() => wordOf({ by: 'ada', why: 'w'.repeat(501) })).toThrow('at most 500 characters');
  });
});

test.each([
  ['2026-11-23', '2026-11-23T00:00:00.000Z'],
  ['2026-11-23T08:00:00Z', '2026-11-23T08:00:00.000Z'],
  ['2026-11-23T08:00:00+01:00', '2026-11-23T07:00:00.000Z'],
])('`%s` is %s', (text, expected) => {
  expect(new Date(instant(text)).toISOString()).toBe(expected);
});

test.each(['yesterday', '2026-11', '2026-02-30', '2026-11-23T08:00:00', '1764000000000', ''])(
  '`%s` is no instant',
  (text) => {
    expect(() => instant(text)).toThrow('Expected a day in UTC');
  },
);

test('ids of letters are read in either case', () => {
  expect(letterId('1F0C')).toBe('1f0c');
});

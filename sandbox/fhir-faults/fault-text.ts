import { durationMs } from '../../config/duration.ts';
import { OperatorError } from '../../core/operator-error.ts';
import type { Fault } from './fault.ts';
import { literalPattern } from './literal-pattern.ts';

const METHODS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD'];

type Effect =
  | { does: 'answer'; status: number }
  | { does: 'delay'; delayMs: number }
  | { does: Exclude<Fault['does'], 'answer' | 'delay'> };

/** What the words of one fault say, each at most once. */
interface Said {
  effect?: Effect;
  retryAfterSeconds?: number;
  share?: number;
  times?: number;
  path?: RegExp;
}

/** Words by their form; a reader returns undefined where the form is right and the value is not. */
const WORDS: { form: RegExp; expected: string; read: (text: string) => Said | undefined }[] = [
  {
    form: /^(\d+)$/,
    expected: 'a status from 400 to 599',
    read: (text) => within(Number(text), 400, 599, (status) => ({ effect: { does: 'answer', status } })),
  },
  {
    form: /^delay=(.*)$/,
    expected: 'a delay with its unit, up to 10m, such as delay=200ms',
    read: (text) => within(durationMs(text), 1, 600_000, (delayMs) => ({ effect: { does: 'delay', delayMs } })),
  },
  { form: /^cut-before$/, expected: 'cut-before', read: () => ({ effect: { does: 'cut-before' } }) },
  { form: /^cut-after$/, expected: 'cut-after', read: () => ({ effect: { does: 'cut-after' } }) },
  { form: /^broken-json$/, expected: 'broken-json', read: () => ({ effect: { does: 'broken-json' } }) },
  {
    form: /^retry-after=(.*)$/,
    expected: 'whole seconds, such as retry-after=2',
    read: (text) => within(wholeNumber(text), 0, 86_400, (retryAfterSeconds) => ({ retryAfterSeconds })),
  },
  {
    form: /^(\d+(?:\.\d+)?)%$/,
    expected: 'a share above 0% and up to 100%',
    read: (text) => within(Number(text) / 100, Number.MIN_VALUE, 1, (share) => ({ share })),
  },
  {
    form: /^times=(.*)$/,
    expected: 'a whole number from 1, such as times=3',
    read: (text) => within(wholeNumber(text), 1, Number.MAX_SAFE_INTEGER, (times) => ({ times })),
  },
  { form: /^(\/.*)$/, expected: 'a path', read: (text) => ({ path: new RegExp(`^${literalPattern(text)}`) }) },
];
const EXPECTED =
  'a status, delay=200ms, cut-before, cut-after, broken-json, retry-after=2, times=3, a share such as 20%, or the beginning of a path such as /Observation';

/**
 * Reads faults as they are written in a setting: `PUT 503 20%; * delay=200ms 10%`.
 *
 * @throws OperatorError that names all that is wrong, each with its place
 * @see docs/fhir-servers.md for the grammar
 */
export function parseFaults(text: string): Fault[] {
  const faults: Fault[] = [];
  const problems: string[] = [];
  for (const [index, part] of text.split(';').entries()) {
    if (part.trim() === '') continue;
    const read = parseFault(part.trim().split(/\s+/));
    if (Array.isArray(read)) problems.push(...read.map((problem) => `  - fault ${index + 1}${problem}`));
    else faults.push(read);
  }
  if (problems.length > 0) throw new OperatorError(`IOMT_FHIR_FAULTS cannot be used:\n${problems.join('\n')}`);
  return faults;
}

/** @returns a list of what is wrong, when something is */
function parseFault([method = '', ...others]: readonly string[]): Fault | string[] {
  const said: Said = {};
  const problems: string[] = [];
  const refuse = (word: number, expected: string): unknown => problems.push(`, word ${word}: expected ${expected}`);
  if (method !== '*' && !METHODS.includes(method)) refuse(1, `${METHODS.join(', ')}, or * for any`);
  for (const [index, word] of others.entries()) {
    const read = readWord(word);
    if (typeof read === 'string') refuse(index + 2, read);
    else if (Object.keys(read).some((name) => name in said)) refuse(index + 2, 'only one of its kind');
    else Object.assign(said, read);
  }
  if (problems.length > 0) return problems;
  const { effect, ...rest } = said;
  if (effect === undefined) return [': expected to be told what it does: 503, delay=200ms, cut-before …'];
  if (rest.retryAfterSeconds !== undefined && effect.does !== 'answer') {
    return [': expected retry-after only with a status'];
  }
  return { ...rest, ...effect, ...(method === '*' ? {} : { method }) };
}

/** @returns what was expected, when it is something else */
function readWord(word: string): Said | string {
  for (const { form, expected, read } of WORDS) {
    const match = form.exec(word);
    if (match !== null) return read(match[1] ?? '') ?? expected;
  }
  return EXPECTED;
}

function within(
  value: number | undefined,
  least: number,
  most: number,
  say: (value: number) => Said,
): Said | undefined {
  return value !== undefined && value >= least && value <= most ? say(value) : undefined;
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

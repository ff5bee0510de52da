import { parse, printParseErrorCode } from 'jsonc-parser';
import type { ParseError } from 'jsonc-parser';
import { IngestError } from '../core/errors.ts';
import { parseMessageBody } from '../templates/device-content/message-body.ts';
import { Refusal } from './refusal.ts';

/** `json`: the body is one message, whatever JSON value it is. `ndjson`: each line is one. */
export type MessageFormat = 'json' | 'ndjson';

/** An event costs some memory however small its body is. */
const MAX_MESSAGES = 1000;
const LINE_FEED = 0x0a;
const FORMATS: Readonly<Record<string, MessageFormat>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
};

/** @throws Refusal 415 */
export function formatOf(contentType: string | undefined): MessageFormat {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const format = FORMATS[type.trim()];
  const charset = parameters.map((part) => /^\s*charset\s*=\s*"?([^"]*?)"?\s*$/.exec(part)?.[1]).find(Boolean);
  if (format === undefined || (charset ?? 'utf-8') !== 'utf-8') {
    throw new Refusal(415, `Expected the content type ${Object.keys(FORMATS).slice(0, 2).join(' or ')}, in UTF-8`, {
      headers: { 'accept-post': Object.keys(FORMATS).join(', ') },
    });
  }
  return format;
}

/**
 * The messages of a body, each in the bytes it came in: numbers stay as they were written.
 *
 * @throws Refusal 400 with line and column of what is no JSON, 413 for too many
 */
export function readMessages(body: Buffer, format: MessageFormat): readonly Uint8Array[] {
  const messages = format === 'json' ? [{ bytes: body, line: 1 }] : linesOf(body);
  if (messages.length > MAX_MESSAGES) throw new Refusal(413, `Expected at most ${MAX_MESSAGES} messages`);
  if (body.length === 0 || messages.length === 0) throw new Refusal(400, 'Expected a message, not an empty body');
  for (const { bytes, line } of messages) assertJson(bytes, line);
  return messages.map(({ bytes }) => bytes);
}

interface Line {
  readonly bytes: Buffer;
  /** From 1. */
  readonly line: number;
}

/** Without blank ones. */
function linesOf(body: Buffer): Line[] {
  const lines: Line[] = [];
  for (let line = 1, start = 0; start <= body.length && lines.length <= MAX_MESSAGES; line++) {
    const feedAt = body.indexOf(LINE_FEED, start);
    const end = feedAt < 0 ? body.length : feedAt;
    const bytes = body.subarray(start, end);
    if (bytes.some((byte) => byte > 0x20)) lines.push({ bytes, line });
    start = end + 1;
  }
  return lines;
}

function assertJson(bytes: Buffer, firstLine: number): void {
  try {
    parseMessageBody(bytes);
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    throw new Refusal(400, error.message, { members: { code: error.code, ...placeOf(bytes, firstLine) } });
  }
}

/** Where the text stops being JSON, and why, as far as that can be told. */
function placeOf(bytes: Buffer, firstLine: number): Record<string, string | number> {
  const text = bytes.toString('utf8');
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { line: firstLine }; // nested too deeply to be looked through
  }
  const [first] = errors;
  if (first === undefined) return { line: firstLine };
  const before = text.slice(0, first.offset).split('\n');
  return {
    line: firstLine + before.length - 1,
    column: (before.at(-1) ?? '').length + 1,
    reason: printParseErrorCode(first.error),
  };
}

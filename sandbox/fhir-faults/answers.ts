import { STATUS_CODES } from 'node:http';
import type { Fault } from './fault.ts';
import { headerOf, headerPairs } from './forward.ts';
import type { HttpAnswer } from './forward.ts';
import { literalPattern } from './literal-pattern.ts';

const HEADERS_WITH_URLS = new Set(['location', 'content-location', 'link']);

/** The proxy's own answer: a status and an OperationOutcome. */
export function ownAnswer(fault: Extract<Fault, { does: 'answer' }>): HttpAnswer {
  const { status, retryAfterSeconds, outcome } = fault;
  const code = status === 429 ? 'throttled' : 'transient';
  const madeUp = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics: 'Injected' }] };
  const retryAfter = retryAfterSeconds === undefined ? [] : ['Retry-After', String(retryAfterSeconds)];
  return {
    status,
    statusText: STATUS_CODES[status] ?? '',
    rawHeaders: ['Content-Type', 'application/fhir+json; charset=utf-8', ...retryAfter],
    body: Buffer.from(JSON.stringify(outcome ?? madeUp)),
  };
}

export function halfOf(answer: HttpAnswer): HttpAnswer {
  return { ...answer, body: answer.body.subarray(0, Math.floor(answer.body.length / 2)) };
}

/**
 * Puts one base URL for another in the headers of an answer and in its JSON, so that who follows a link stays behind the
 * proxy. Every other byte stays as it is.
 */
export function withBaseUrl(answer: HttpAnswer, from: string, to: string): HttpAnswer {
  const base = new RegExp(`${literalPattern(from)}(?![A-Za-z0-9._~%-])`, 'g');
  const replaced = (text: string): string => text.replaceAll(base, to);
  const rawHeaders = headerPairs(answer.rawHeaders).flatMap(([name, value]) => [
    name,
    HEADERS_WITH_URLS.has(name.toLowerCase()) ? replaced(value) : value,
  ]);
  const isPlain = (headerOf(answer, 'content-encoding') ?? 'identity') === 'identity';
  const isJson = isPlain && /[/+]json\b/i.test(headerOf(answer, 'content-type') ?? '');
  // In Latin-1 each byte is a character of its own, so that none is changed on the way.
  const body = isJson ? Buffer.from(replaced(answer.body.toString('latin1')), 'latin1') : answer.body;
  return { ...answer, rawHeaders, body };
}

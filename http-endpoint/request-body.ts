import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { BudgetShare } from '../service/byte-budget.ts';
import { Refusal } from './refusal.ts';

export interface BodyLimits {
  /** Inflated as well. */
  readonly maxBytes: number;
  readonly budget: BudgetShare;
}

/**
 * Reads the body of a request, inflated where it is gzip. No more is read than may be: the rest is left.
 *
 * @throws Refusal 400 for a body that is no gzip although it says so, 413, 415, or 429 when too much is held already
 */
export async function readBody(request: IncomingMessage, { maxBytes, budget }: BodyLimits): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let byteCount = 0;
  try {
    for await (const chunk of plainBody(request) as AsyncIterable<Buffer>) {
      byteCount += chunk.length;
      if (byteCount > maxBytes) throw tooLarge(maxBytes);
      if (!budget.take(chunk.length)) {
        throw new Refusal(429, 'Too many messages are on their way', { headers: { 'retry-after': '1' } });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (isZlibError(error)) throw new Refusal(400, 'Expected the body to be one whole gzip stream');
    throw error;
  }
  return Buffer.concat(chunks);
}

function plainBody(request: IncomingMessage): AsyncIterable<unknown> {
  // Left, not destroyed, when it is not read to its end: the answer goes through the same socket.
  const body = request.iterator({ destroyOnReturn: false });
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  switch (encoding) {
    case 'identity':
    case '':
      return body;
    case 'gzip':
    case 'x-gzip':
      return inflated(request);
    default:
      throw new Refusal(415, 'Expected no content encoding, or gzip', { headers: { 'accept-encoding': 'gzip' } });
  }
}

function inflated(request: IncomingMessage): Readable {
  const gunzip = createGunzip();
  request.once('close', () => {
    if (!request.complete) gunzip.destroy(new Error('The request was broken off'));
  });
  return request.pipe(gunzip);
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, `Expected at most ${maxBytes} bytes, inflated`);
}

function isZlibError(error: unknown): boolean {
  // Not by `instanceof`: under jest, Node's errors are of another realm.
  return typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('Z_');
}

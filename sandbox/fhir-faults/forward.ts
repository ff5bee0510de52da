import { request as httpRequest } from 'node:http';
import type { Agent, IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A whole message, its body byte for byte as it came. */
export interface HttpMessage {
  /** Name and value in turn, as written. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** The answer to a request. */
export interface HttpAnswer extends HttpMessage {
  readonly status: number;
  readonly statusText: string;
}

/** What concerns one connection alone, and what the next hop says by itself. */
const NOT_PASSED_ON = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
  ...['host', 'content-length', 'accept-encoding'],
]);

/**
 * Sends a request to the target and reads its whole answer, not compressed: links in it are to be rewritten.
 *
 * @throws what keeps the target from answering
 */
export async function forward(url: URL, method: string, message: HttpMessage, agent: Agent): Promise<HttpAnswer> {
  const { body } = message;
  const length = body.length > 0 || /^(PUT|POST|PATCH)$/.test(method) ? ['Content-Length', String(body.length)] : [];
  const headers = ['Host', url.host, ...passedOn(message.rawHeaders), 'Accept-Encoding', 'identity', ...length];
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(url, { method, headers, agent }, resolve).on('error', reject).end(body);
  });
  return {
    status: answer.statusCode ?? 502,
    statusText: answer.statusMessage ?? '',
    rawHeaders: answer.rawHeaders,
    body: await buffer(answer),
  };
}

export function passedOn(rawHeaders: readonly string[]): string[] {
  return headerPairs(rawHeaders)
    .filter(([name]) => !NOT_PASSED_ON.has(name.toLowerCase()))
    .flat();
}

export function headerPairs(rawHeaders: readonly string[]): [name: string, value: string][] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ''] as [string, string]] : []));
}

export function headerOf({ rawHeaders }: HttpMessage, wanted: string): string | undefined {
  return headerPairs(rawHeaders).find(([name]) => name.toLowerCase() === wanted)?.[1];
}

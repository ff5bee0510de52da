import type { PayloadCodec } from '@temporalio/common';
import type { IncomingMessage } from 'node:http';
import type { BudgetShare } from '../service/byte-budget.ts';
import type { CodecAccess } from './codec-access.ts';
import { CodecRefusal } from './codec-refusal.ts';
import { payloadsFromJson, payloadsToJson } from './payloads-json.ts';
import { SIGN_IN_PAGE, signedInPage } from './sign-in-page.ts';

/** What answers are made of. */
export interface Answering {
  readonly codec: PayloadCodec;
  readonly access: CodecAccess;
  /** Of the pages that may ask; a request that no page has made has none. */
  readonly origins: readonly string[];
  /** Told of everything that was decoded or encoded, for whoever has to answer for it. */
  readonly onUse: (use: CodecUse) => void;
}

export interface CodecUse {
  readonly operation: Operation;
  readonly payloadCount: number;
  readonly provenBy: 'token' | 'session';
}

type Operation = 'encode' | 'decode';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Temporal's UI asks for what one event or page holds: a payload has 2 MB at most, and a third more in base64. */
const MOST_BODY_BYTES = 32 * 1024 * 1024;
/** A token and the name of its field; whoever sends it has not shown anything yet. */
const MOST_SIGN_IN_BYTES = 4096;
export const JSON_TYPE = { 'content-type': 'application/json' };
const PAGE = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; form-action 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
};

/** @throws CodecRefusal, DecryptionError */
export async function answerTo(answering: Answering, request: IncomingMessage, share: BudgetShare): Promise<Answer> {
  const { origins, access, codec } = answering;
  const path = pathOf(request);
  const method = request.method ?? '';
  if (path === '/') return await answerToPerson(answering, method, request);
  const operation = operationOf(path);
  if (operation === undefined) throw new CodecRefusal(404, 'expected POST /decode or POST /encode');
  const { origin } = request.headers;
  if (origin !== undefined && !origins.includes(origin)) throw foreignOrigin();
  if (method === 'OPTIONS') return { status: 204 };
  if (method !== 'POST') throw new CodecRefusal(405, 'expected POST');
  const provenBy = access.provenBy(request);
  if (provenBy === undefined) {
    throw new CodecRefusal(401, 'expected a token of IOMT_CODEC_TOKENS as Authorization: Bearer, or a session');
  }
  const payloads = payloadsFromJson(await bodyOf(request, MOST_BODY_BYTES, share));
  const done = await codec[operation](payloads);
  answering.onUse({ operation, payloadCount: payloads.length, provenBy });
  return { status: 200, headers: JSON_TYPE, body: payloadsToJson(done) };
}

/** A page with a field for the token: a browser cannot be told otherwise to send one along. */
async function answerToPerson(answering: Answering, method: string, request: IncomingMessage): Promise<Answer> {
  if (method === 'GET') return { status: 200, headers: PAGE, body: SIGN_IN_PAGE };
  if (method !== 'POST') throw new CodecRefusal(405, 'expected GET or POST');
  const { origin, host } = request.headers;
  const isOwn = origin === undefined || URL.parse(origin)?.host === host;
  if (!isOwn && !answering.origins.includes(origin)) throw foreignOrigin();
  const token = new URLSearchParams(await bodyOf(request, MOST_SIGN_IN_BYTES)).get('token') ?? '';
  const cookie = answering.access.signIn(token.trim(), request.headers['x-forwarded-proto'] === 'https');
  if (cookie === undefined) return { status: 401, headers: PAGE, body: signedInPage('That is not the token.') };
  return { status: 200, headers: { ...PAGE, 'set-cookie': cookie }, body: signedInPage('Signed in for twelve hours.') };
}

function foreignOrigin(): CodecRefusal {
  return new CodecRefusal(403, 'pages of this origin may not ask (IOMT_CODEC_ORIGINS)');
}

function pathOf({ url }: IncomingMessage): string {
  return (url ?? '/').split('?')[0] ?? '/';
}

/** The protocol looks at the end alone, so that it may be served below any path. */
function operationOf(path: string): Operation | undefined {
  return path.endsWith('/decode') ? 'decode' : path.endsWith('/encode') ? 'encode' : undefined;
}

/** For whoever keeps a record: a path is told only as far as it is one of ours. */
export function askedFor(request: IncomingMessage): Operation | 'sign-in' | undefined {
  const path = pathOf(request);
  return path === '/' ? 'sign-in' : operationOf(path);
}

async function bodyOf(request: IncomingMessage, maxBytes: number, share?: BudgetShare): Promise<string> {
  const tooLarge = new CodecRefusal(413, `expected at most ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let byteCount = 0;
  // Left, not destroyed, when it is not read to its end: the answer goes through the same socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    byteCount += chunk.byteLength;
    if (byteCount > maxBytes) throw tooLarge;
    if (share?.take(chunk.byteLength) === false) throw new CodecRefusal(429, 'too much is asked at once; ask again');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { bearerToken, createSecretCheck } from '../service/bearer-tokens.ts';

/** Who may ask: whoever has a token, and a browser that has signed in with one. */
export interface CodecAccess {
  /** How the request shows that it may ask; undefined when it does not. */
  readonly provenBy: (request: IncomingMessage) => 'token' | 'session' | undefined;
  /** @returns the header that keeps a browser signed in; undefined when the token is none */
  readonly signIn: (token: string, isSecure: boolean) => string | undefined;
}

const COOKIE = 'iomt-codec';
/** A working day. */
const SESSION_SECONDS = 12 * 3600;

/**
 * A session is the time of its end, signed with the token it was begun with: every codec server of the same tokens knows
 * it, and it ends with its token.
 */
export function createCodecAccess(tokens: readonly string[], now: () => number = Date.now): CodecAccess {
  const isToken = createSecretCheck(tokens);
  const isSession = (given: string): boolean => {
    const end = given.split('.')[0] ?? '';
    const isOneOf = createSecretCheck(tokens.map((token) => session(token, end)));
    return Number(end) * 1000 > now() && isOneOf(given);
  };
  return {
    provenBy({ headers }) {
      const token = bearerToken(headers.authorization);
      if (token !== undefined) return isToken(token) ? 'token' : undefined;
      return cookies(headers.cookie, COOKIE).some(isSession) ? 'session' : undefined;
    },
    signIn(token, isSecure) {
      if (!isToken(token)) return undefined;
      const end = String(Math.floor(now() / 1000) + SESSION_SECONDS);
      const attributes = `Path=/; Max-Age=${SESSION_SECONDS}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
      return `${COOKIE}=${session(token, end)}; ${attributes}`;
    },
  };
}

function session(token: string, end: string): string {
  return `${end}.${createHmac('sha256', token).update(`session:${end}`).digest('base64url')}`;
}

function cookies(header: string | undefined, name: string): string[] {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}

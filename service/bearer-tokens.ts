import { createHash, timingSafeEqual } from 'node:crypto';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** The token that an `Authorization` header carries. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return BEARER.exec(authorization ?? '')?.[1];
}

/**
 * Tells whether what it is given is one of the secrets. How long that takes tells nothing of them: digests of one length
 * are compared, and always with all.
 */
export function createSecretCheck(secrets: readonly string[]): (given: string | undefined) => boolean {
  const known = secrets.map(digest);
  return (given) => {
    if (given === undefined) return false;
    const found = digest(given);
    return known.map((secret) => timingSafeEqual(secret, found)).includes(true);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

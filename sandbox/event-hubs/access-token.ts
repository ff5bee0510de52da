import { z } from 'zod';
import type { AccessPolicies, TokenVerdict } from './shared-access-signature.ts';
import { SIGNATURE_PREFIX, verifyToken } from './shared-access-signature.ts';

/** Whose tokens open a hub. */
export interface AccessRules {
  readonly policies: AccessPolicies;
  /** Whether tokens of Entra ID are taken as well; their signature is not checked: there is nobody to ask. */
  readonly takesEntraId: boolean;
}

/** The resource that tokens for Event Hubs are for. */
const AUDIENCE = 'https://eventhubs.azure.net';
const TokenClaims = z.object({ aud: z.string(), exp: z.number() });

/** Checks a token of either kind; @see verifyToken */
export function verifyAccessToken(
  token: string,
  audience: string | undefined,
  { policies, takesEntraId }: AccessRules,
  now: number,
): TokenVerdict {
  if (!takesEntraId || token.startsWith(SIGNATURE_PREFIX)) return verifyToken(token, audience, policies, now);
  const claims = readClaims(token);
  if (claims === undefined) return { kind: 'refused', reason: 'MalformedToken: a JSON Web Token was expected' };
  if (claims.aud.replace(/\/$/, '') !== AUDIENCE) {
    return { kind: 'refused', reason: `InvalidAudience: a token for ${AUDIENCE} was expected` };
  }
  if (claims.exp * 1000 <= now) return { kind: 'refused', reason: 'ExpiredToken: the token is expired' };
  return { kind: 'valid', expiresAt: claims.exp * 1000 };
}

function readClaims(token: string): z.infer<typeof TokenClaims> | undefined {
  try {
    const [, payload = ''] = token.split('.');
    return TokenClaims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString())).data;
  } catch {
    return undefined; // no JSON
  }
}

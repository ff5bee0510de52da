import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a token was found to be. Reasons never hold a part of the token or of a key. */
export type TokenVerdict =
  { readonly kind: 'valid'; readonly expiresAt: number } | { readonly kind: 'refused'; readonly reason: string };

/** Policy names and their keys. A key is used as its UTF-8 text, as Event Hubs does, not base64-decoded. */
export type AccessPolicies = Readonly<Record<string, string>>;

export const SIGNATURE_PREFIX = 'SharedAccessSignature ';

/**
 * Checks a token `SharedAccessSignature sr=…&sig=…&se=…&skn=…`.
 *
 * @param audience the entity it shall open; the token's resource is that entity or one above it
 * @param now milliseconds since the epoch
 * @see https://learn.microsoft.com/azure/event-hubs/authenticate-shared-access-signature
 */
export function verifyToken(
  token: string,
  audience: string | undefined,
  policies: AccessPolicies,
  now: number,
): TokenVerdict {
  const fields = readFields(token);
  if (fields === undefined) return refused('MalformedToken: sr, sig, se and skn are expected');
  const key = Object.hasOwn(policies, fields.policy) ? policies[fields.policy] : undefined;
  if (key === undefined) return refused('InvalidSignature: the policy of the token does not exist');
  const expected = createHmac('sha256', key).update(`${fields.resource}\n${fields.expiry}`).digest();
  const isSigned = fields.signature.length === expected.length && timingSafeEqual(fields.signature, expected);
  if (!isSigned) return refused('InvalidSignature: the token has an invalid signature');
  const expiresAt = Number(fields.expiry) * 1000;
  if (!(expiresAt > now)) return refused('ExpiredToken: the token is expired');
  if (audience !== undefined && !isWithin(audience, decodeURIComponent(fields.resource))) {
    return refused('InvalidAudience: the token is for another entity');
  }
  return { kind: 'valid', expiresAt };
}

interface TokenFields {
  /** Still encoded: that is what is signed. */
  readonly resource: string;
  readonly expiry: string;
  readonly signature: Buffer;
  readonly policy: string;
}

function readFields(token: string): TokenFields | undefined {
  if (!token.startsWith(SIGNATURE_PREFIX)) return undefined;
  const fields = new Map<string, string>();
  for (const part of token.slice(SIGNATURE_PREFIX.length).split('&')) {
    const equalsAt = part.indexOf('=');
    fields.set(part.slice(0, equalsAt), part.slice(equalsAt + 1));
  }
  const [resource, signature, expiry, policy] = ['sr', 'sig', 'se', 'skn'].map((name) => fields.get(name));
  if (!resource || !signature || !expiry || !policy) return undefined;
  try {
    decodeURIComponent(resource);
    return {
      resource,
      expiry,
      signature: Buffer.from(decodeURIComponent(signature), 'base64'),
      policy: decodeURIComponent(policy),
    };
  } catch {
    return undefined; // a percent sign that starts no escape
  }
}

function isWithin(audience: string, resource: string): boolean {
  const [inner, outer] = [audience, resource].map((uri) => uri.toLowerCase().replace(/\/+$/, ''));
  return inner === outer || (inner?.startsWith(`${outer ?? ''}/`) ?? false);
}

function refused(reason: string): TokenVerdict {
  return { kind: 'refused', reason };
}

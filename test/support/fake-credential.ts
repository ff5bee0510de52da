import type { AccessToken, TokenCredential } from '@azure/identity';

/** Stands in for Entra ID: an unsigned token for whatever resource it is asked for, and a note of each asking. */
export class FakeCredential implements TokenCredential {
  readonly scopes = new Set<string>();

  getToken(scopes: string | string[]): Promise<AccessToken> {
    const [scope = ''] = [scopes].flat();
    this.scopes.add(scope);
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      aud: scope.replace(/\/\.default$/, ''),
      iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000000/',
      iat: now - 60,
      nbf: now - 60,
      exp: now + 3600,
    };
    const token = [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    return Promise.resolve({ token: `${token.join('.')}.x`, expiresOnTimestamp: claims.exp * 1000 });
  }
}

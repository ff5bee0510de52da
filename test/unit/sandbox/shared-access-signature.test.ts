import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { verifyToken } from '../../../sandbox/event-hubs/shared-access-signature.ts';

const policies = { reader: 'a key' };
const now = 1_000_000;
const hub = 'sb://localhost:5672/hub';

function token({ resource = hub, key = 'a key', policy = 'reader', expiry = 2000 } = {}): string {
  const encoded = encodeURIComponent(resource);
  const signature = createHmac('sha256', key).update(`${encoded}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${encoded}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${policy}`;
}

test.each([
  ['the entity it names', hub],
  ['an entity below it', `${hub}/ConsumerGroups/g/Partitions/0`],
  ['the entity in other letter case and with a slash behind it', `${hub.toUpperCase()}/`],
])('a token opens %s, until it expires', (_, audience) => {
  expect(verifyToken(token(), audience, policies, now)).toEqual({ kind: 'valid', expiresAt: 2_000_000 });
});

test.each([
  ['signed with another key', token({ key: 'other' }), /^InvalidSignature/],
  ['of an unknown policy', token({ policy: 'nobody' }), /^InvalidSignature/],
  ['of a policy named like an inherited member', token({ policy: 'constructor' }), /^InvalidSignature/],
  ['that has expired', token({ expiry: 1000 }), /^ExpiredToken/],
  ['whose expiry is no number', token().replace(/se=\d+/, 'se=soon'), /^InvalidSignature/],
  ['for another hub', token({ resource: `${hub}2` }), /^InvalidAudience/],
  ['for something below', token({ resource: `${hub}/Partitions/0` }), /^InvalidAudience/],
  ['without a signature', token().replace(/&sig=[^&]+/, ''), /^MalformedToken/],
  ['with a broken escape', token().replace('skn=reader', 'skn=%'), /^MalformedToken/],
  ['of another kind', 'Bearer x', /^MalformedToken/],
])('a token %s is refused', (_, text, reason) => {
  expect(verifyToken(text, hub, policies, now)).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(reason),
  });
});

import { expect, test } from '@jest/globals';
import { Claims } from '../../../sandbox/event-hubs/claims.ts';

const now = 1000;

test.each([
  ['the hub itself', 'sb://localhost:5672/hub', 'hub'],
  ['what lies below it', 'sb://localhost:5672/hub', 'Hub/ConsumerGroups/group/Partitions/0'],
  ['the hub behind its management node', 'sb://localhost:5672/hub/$management', 'hub'],
  ['everything, when it is for the namespace', 'sb://localhost:5672/', 'hub/Partitions/0'],
])('a claim opens %s', (_, audience, path) => {
  const claims = new Claims();
  claims.add(audience, now + 1);
  expect(() => {
    claims.require(path, now);
  }).not.toThrow();
});

test.each([
  ['a hub whose name begins alike', 'sb://localhost:5672/hub', 'hub2', now + 1],
  ['what lies above it', 'sb://localhost:5672/hub/Partitions/0', 'hub', now + 1],
  ['anything once it has expired', 'sb://localhost:5672/hub', 'hub', now],
])('a claim does not open %s', (_, audience, path, expiresAt) => {
  const claims = new Claims();
  claims.add(audience, expiresAt);
  expect(() => {
    claims.require(path, now);
  }).toThrow('Unauthorized access');
});

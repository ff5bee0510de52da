import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { partitionOfKey } from '../../../service/partition-key-hash.ts';

const require = createRequire(import.meta.url);

/** The SDK's own function, which it does not export. */
const { mapPartitionKeyToId } = require(
  join(dirname(require.resolve('@azure/event-hubs')), 'impl', 'partitionKeyToIdMapper.js'),
) as { mapPartitionKeyToId: (key: string, partitionCount: number) => number };

test('a key lands on the partition the SDK computes for it', () => {
  const key = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 30 }));
  fc.assert(
    fc.property(key, fc.integer({ min: 1, max: 2048 }), (text, partitionCount) => {
      expect(partitionOfKey(text, partitionCount)).toBe(mapPartitionKeyToId(text, partitionCount));
    }),
    { numRuns: 500 },
  );
});

test.each([0, 1, 11, 12, 13, 24, 25])('a key of %i bytes is hashed in the right blocks', (length) => {
  const key = 'k'.repeat(length);
  expect(partitionOfKey(key, 997)).toBe(mapPartitionKeyToId(key, 997));
});

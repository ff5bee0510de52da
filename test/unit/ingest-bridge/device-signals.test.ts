import { expect, test } from '@jest/globals';
import { namingOf } from '../../../core/naming.ts';
import { isClaimed } from '../../../core/measurement-rows.ts';
import type { InlineRows } from '../../../core/measurement-rows.ts';
import { coalesce, toBatch } from '../../../ingest-bridge/device-signals.ts';
import type { Claims } from '../../../stores/claims.ts';
import { describeRows } from '../../../core/measurement-rows.ts';
import { measurementAt } from '../../support/measurement-batches.ts';

const SOURCE = { stream: 'stream', partition: '0' };
const positioned = (sequenceNumber: number, ordinal: number, deviceId: string, type = 'heartRate') => {
  return { sequenceNumber, ordinal, measurement: { ...measurementAt([sequenceNumber, ordinal]), deviceId, type } };
};
const positionsOf = ({ rows }: InlineRows): number[][] =>
  rows.map(([sequenceNumber, ordinal]) => [sequenceNumber, ordinal]);

test('measurements go together by device and type, in position order', () => {
  const signals = coalesce(namingOf('iomt'), [
    positioned(1, 0, 'a'),
    positioned(1, 1, 'b'),
    positioned(1, 2, 'a', 'steps'),
    positioned(2, 0, 'a'),
    positioned(3, 0, 'b'),
  ]);
  expect(signals.map(({ workflowId, batches }) => [workflowId, batches.map(positionsOf)])).toEqual([
    ['iomt.a.heartRate', [[[1, 0], [2, 0]]]],
    ['iomt.b.heartRate', [[[1, 1], [3, 0]]]],
    ['iomt.a.steps', [[[1, 2]]]],
  ]); // prettier-ignore
});

test('very many rows of one workflow are several batches, in order', () => {
  const [signal] = coalesce(
    namingOf('iomt'),
    Array.from({ length: 12_000 }, (_, i) => positioned(i, 0, 'a')),
  );
  expect(signal?.batches.map(({ rows }) => rows.length)).toEqual([5000, 5000, 2000]);
  expect(signal?.batches.flatMap(({ rows }) => rows.map((row) => row[0]))).toEqual([...Array(12_000).keys()]);
});

test('a signal above 32 KiB carries a claim in place of its rows', async () => {
  const put: InlineRows[] = [];
  const claims: Pick<Claims, 'put'> = {
    put(_workflowId, _source, rows) {
      put.push(rows);
      return Promise.resolve({ claim: 'claim', ...describeRows(rows) });
    },
  };
  const rowsOf = (bytes: number): InlineRows => {
    const rows = { ids: [{}], names: [['a']], rows: [[1, 0, '', '', 0, 0, '']] } as const;
    return { ...rows, rows: [[1, 0, '', '', 0, 0, 'x'.repeat(bytes - JSON.stringify(rows).length)]] };
  };
  const small = await toBatch(SOURCE, claims as Claims, 'w', rowsOf(32 * 1024));
  const large = await toBatch(SOURCE, claims as Claims, 'w', rowsOf(32 * 1024 + 1));
  expect([isClaimed(small.content), isClaimed(large.content)]).toEqual([false, true]);
  expect(large).toMatchObject({ ...SOURCE, content: { claim: 'claim', count: 1, first: [1, 0], last: [1, 0] } });
  expect(put).toHaveLength(1);
});

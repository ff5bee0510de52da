import { expect, test } from '@jest/globals';
import { observeBridge } from '../../../ingest-bridge/bridge-gauges.ts';
import type { ObservedBridge } from '../../../ingest-bridge/bridge-gauges.ts';
import { createMetrics } from '../../../service/metrics.ts';
import { parsePrometheusText } from '../../support/prometheus-text.ts';

/** The samples of a gauge of a bridge that is as given. */
async function gauge(name: string, observed: Partial<ObservedBridge>) {
  const metrics = createMetrics({ process: 'ingest-bridge', deployment: 'test' });
  observeBridge(metrics.instruments, {
    bridge: { partitions: () => ({}), views: () => [] },
    templates: { refused: () => [] },
    versions: { active: () => Promise.resolve(undefined) },
    ...observed,
  });
  const found = parsePrometheusText(await metrics.scrape()).get(name);
  return found?.samples.map(({ labels, value }) => ({ labels, value })) ?? [];
}

const hourAgo = (): string => new Date(Date.now() - 3_600_000).toISOString();

test('a partition that is held up says for how long and what it needs; one that is well says nothing', async () => {
  const heldUp = { by: 'the history of a workflow', since: hourAgo(), attemptCount: 3 } as const;
  const partitions = () => ({ '0': { sequenceNumber: 5, heldUp }, '1': { sequenceNumber: 5 } });
  const found = await gauge('iomt_intake_held_up_seconds', { bridge: { partitions, views: () => [] } });
  expect(found).toEqual([{ labels: { partition: '0', needs: 'workflow_history' }, value: expect.any(Number) }]);
  expect(found[0]?.value).toBeGreaterThanOrEqual(3600);
});

test('freshness is that of the ledger: of the last look until the intake knows better', async () => {
  const [looked, known] = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z'];
  const bridge = {
    partitions: () => ({ '0': { sequenceNumber: -1 }, '1': { sequenceNumber: 5, enqueuedAt: known } }),
    views: () => ['0', '1'].map((partition) => ({ partition, handedOverAt: looked })),
  };
  expect(await gauge('iomt_partition_handed_over_timestamp_seconds', { bridge })).toEqual([
    { labels: { partition: '0' }, value: Date.parse(looked) / 1000 },
    { labels: { partition: '1' }, value: Date.parse(known) / 1000 },
  ]);
});

test('a refused template file is told by its kind', async () => {
  const refused = () => [{ kind: 'fhirMapping', file: 'x', version: 'v', issues: [] }] as const;
  expect(await gauge('iomt_template_refused', { templates: { refused } })).toEqual([
    { labels: { kind: 'fhir_mapping' }, value: 1 },
  ]);
});

test('the versions in force are told by their hashes', async () => {
  const value = { deviceContent: 'aaaa', fhirMapping: 'bbbb' } as never;
  const versions = { active: () => Promise.resolve({ value, version: '1' }) };
  expect((await gauge('iomt_template_info', { versions })).map(({ labels }) => labels)).toEqual([
    { kind: 'device_content', version: 'aaaa' },
    { kind: 'fhir_mapping', version: 'bbbb' },
  ]);
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger } from '../../../service/log.ts';
import type { MetricKey } from '../../../service/metric-catalogue.ts';
import { METRICS, metricName, prometheusName } from '../../../service/metric-catalogue.ts';
import { createMetrics } from '../../../service/metrics.ts';
import { otlpReaders } from '../../../service/otlp-reader.ts';
import { parsePrometheusText, sumOf } from '../../support/prometheus-text.ts';

const bridgeMetrics = () => createMetrics({ process: 'ingest-bridge', deployment: 'test' });
const workerMetrics = () => createMetrics({ process: 'worker', deployment: 'test' });

describe('the text for Prometheus', () => {
  test('holds what was counted, by its labels', async () => {
    const { instruments, scrape } = bridgeMetrics();
    instruments.eventsIngested.add(3, { partition: '0', outcome: 'normalized' });
    instruments.eventsIngested.add(2, { partition: '0', outcome: 'normalized' });
    instruments.eventsIngested.add(1, { partition: '1', outcome: 'unmatched' });
    const found = parsePrometheusText(await scrape());
    const family = found.get('iomt_events_ingested_total');
    expect(family).toMatchObject({ type: 'counter', help: METRICS.eventsIngested.description });
    expect(family?.samples).toEqual([
      { name: 'iomt_events_ingested_total', labels: { partition: '0', outcome: 'normalized' }, value: 5 },
      { name: 'iomt_events_ingested_total', labels: { partition: '1', outcome: 'unmatched' }, value: 1 },
    ]);
  });

  test('holds histograms with their buckets, count and sum', async () => {
    const { instruments, scrape } = bridgeMetrics();
    for (const value of [0.1, 1, 40, 1e6]) instruments.handoverDurationSeconds.record(value);
    const found = parsePrometheusText(await scrape());
    const within = (le: string): number => sumOf(found, 'iomt_handover_duration_seconds_bucket', { le });
    expect([within('0.5'), within('1'), within('60'), within('86400'), within('+Inf')]).toEqual([1, 2, 3, 3, 4]);
    expect(sumOf(found, 'iomt_handover_duration_seconds_count')).toBe(4);
    expect(sumOf(found, 'iomt_handover_duration_seconds_sum')).toBe(1_000_041.1);
  });

  test('shows zero for counters whose labels are known, so that a first increase is seen', async () => {
    const found = parsePrometheusText(await bridgeMetrics().scrape());
    expect(found.get('iomt_signals_total')?.samples.map(({ labels, value }) => [labels, value])).toEqual([
      [{ content: 'rows' }, 0],
      [{ content: 'claim' }, 0],
    ]);
    expect(found.get('iomt_events_received_total')).toBeUndefined();
  });

  test('asks gauges when it is asked itself, and leaves out the one whose source fails', async () => {
    const { instruments, scrape } = bridgeMetrics();
    let owned = 1;
    instruments.partitionsOwned.addCallback((result) => {
      result.observe(owned);
    });
    instruments.partitions.addCallback(() => Promise.reject(new Error('the source is away')));
    owned = 7;
    const text = await scrape();
    expect(text).toContain('# 1 sources of gauges did not answer\n');
    expect(text).not.toContain('the source is away');
    const found = parsePrometheusText(text);
    expect(sumOf(found, 'iomt_partitions_owned')).toBe(7);
    expect(found.has('iomt_partitions')).toBe(false);
  });

  test('says what runs', async () => {
    const found = parsePrometheusText(await workerMetrics().scrape());
    expect(found.get('iomt_build_info')?.samples).toEqual([
      {
        name: 'iomt_build_info',
        labels: { process: 'worker', version: expect.any(String), node: process.version, deployment: 'test' },
        value: 1,
      },
    ]);
  });

  test('of two runs in one process are two', async () => {
    const [first, second] = [bridgeMetrics(), bridgeMetrics()];
    first.instruments.eventsReceived.add(1, { partition: '0' });
    second.instruments.eventsReceived.add(10, { partition: '0' });
    await first.stop();
    second.instruments.eventsReceived.add(10, { partition: '0' });
    expect(sumOf(parsePrometheusText(await second.scrape()), 'iomt_events_received_total')).toBe(20);
  });
});

describe('the catalogue', () => {
  const keys = Object.keys(METRICS) as MetricKey[];

  test.each(keys)('%s is named by the conventions of Prometheus', (key) => {
    const { kind, unit, description } = METRICS[key];
    const name = metricName(key);
    expect(name).toMatch(/^iomt(_[a-z]+)+$/);
    expect(name).not.toMatch(/_total$/);
    expect(prometheusName(key).endsWith('_total')).toBe(kind === 'counter');
    expect(name.endsWith('_seconds')).toBe(unit === 's');
    expect(description).toMatch(/\.$/);
  });

  test('gives a histogram ascending buckets, and nothing else any', () => {
    for (const key of keys) {
      const spec = METRICS[key];
      const buckets = 'buckets' in spec ? [...spec.buckets] : undefined;
      expect([key, buckets !== undefined]).toEqual([key, spec.kind === 'histogram']);
      expect(buckets?.toSorted((a, b) => a - b)).toEqual(buckets);
    }
  });
});

describe('metrics over OTLP', () => {
  afterEach(() => {
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  });

  test('are pushed to where OpenTelemetry’s environment says, the same ones', async () => {
    const collector = await startCollector();
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
    const readers = await otlpReaders({ intervalMs: 60_000, timeoutMs: 5000 }, createLogger('test', 'silent'));
    const metrics = createMetrics({ process: 'worker', deployment: 'test', readers });
    metrics.instruments.measurementsBooked.add(41, { type: 'heartRate', outcome: 'written' });
    await metrics.stop();
    await collector.stop();
    expect(collector.received.map(({ path, type }) => [path, type])).toEqual([
      ['/v1/metrics', 'application/x-protobuf'],
    ]);
    const body = collector.received[0]?.body.toString('latin1') ?? '';
    for (const text of ['iomt_measurements_booked', 'heartRate', 'service.name', 'worker', 'service.namespace']) {
      expect(body).toContain(text);
    }
  });

  test('are not pushed where nothing says so', async () => {
    expect(await otlpReaders(undefined, createLogger('test', 'silent'))).toEqual([]);
  });
});

/** Takes what is pushed, as a collector would. */
async function startCollector() {
  const received: { path: string | undefined; type: string | undefined; body: Buffer }[] = [];
  const take = async (request: IncomingMessage): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.push({ path: request.url, type: request.headers['content-type'], body: Buffer.concat(chunks) });
  };
  const server = createServer((request, response) => {
    void take(request).then(() => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

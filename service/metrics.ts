import type { Attributes, Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { randomUUID } from 'node:crypto';
import type { MetricKey, ProcessName } from './metric-catalogue.ts';
import { METRICS, metricName } from './metric-catalogue.ts';
import { connectorVersion } from './version.ts';
import { closeWithin } from './within.ts';

type Catalogue = typeof METRICS;
type MetricOf<Process extends ProcessName> = {
  [Key in MetricKey]: Process extends Catalogue[Key]['of'][number] ? Key : never;
}[MetricKey];
type Labels<Key extends MetricKey> = {
  -readonly [Label in keyof Catalogue[Key]['labels']]: Catalogue[Key]['labels'][Label] extends readonly (infer Word)[]
    ? Word
    : string;
};
type InstrumentOf<Key extends MetricKey> = {
  counter: Counter<Labels<Key>>;
  histogram: Histogram<Labels<Key>>;
  gauge: ObservableGauge<Labels<Key>>;
}[Catalogue[Key]['kind']];

/** OpenTelemetry's instruments by their name in the catalogue; labels are checked by the compiler. */
export type Instruments<Process extends ProcessName> = { readonly [Key in MetricOf<Process>]: InstrumentOf<Key> };

/** The metrics of one process, or of one of several that share one: in memory, from zero at each start. */
export interface Metrics<Process extends ProcessName> {
  readonly instruments: Instruments<Process>;
  /** Everything as Prometheus' text, asked now. */
  readonly scrape: () => Promise<string>;
  stop(): Promise<void>;
}

export interface MetricsOptions<Process extends ProcessName> {
  readonly process: Process;
  readonly deployment: string;
  /** Reads besides: what is pushed somewhere. */
  readonly readers?: readonly IMetricReader[];
}

/** OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. */
const DETECTORS = [resourceAttributesEnvDetector, serviceNameEnvDetector];
/** How long the source of a gauge may take. */
const ANSWER_WITHIN_MS = 5_000;
/** A last push may go nowhere, and nothing depends on it. */
const CLOSE_WITHIN_MS = 3_000;

export function createMetrics<Process extends ProcessName>(options: MetricsOptions<Process>): Metrics<Process> {
  const { process: name, deployment, readers = [] } = options;
  const scraped = new ScrapedReader();
  const version = connectorVersion();
  const own = resourceFromAttributes({
    'service.name': name,
    'service.namespace': deployment,
    'service.version': version,
    'service.instance.id': randomUUID(),
  });
  // What an operator says of it goes before what we say.
  const resource = defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: DETECTORS }));
  const provider = new MeterProvider({ resource, readers: [scraped, ...readers] });
  const instruments = createInstruments(provider.getMeter('iomt-fhir-connector', version), name);
  // Both processes have it, which the compiler cannot see of a process it does not know yet.
  const { buildInfo } = instruments as unknown as Instruments<'ingest-bridge' | 'worker'>;
  buildInfo.addCallback((result) => {
    result.observe(1, { process: name, version, node: process.version, deployment });
  });
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  return {
    instruments,
    async scrape() {
      const { resourceMetrics, errors } = await scraped.collect({ timeoutMillis: ANSWER_WITHIN_MS });
      // A gauge whose source does not answer is left out, and said so; the others are what they are.
      const missing = errors.length === 0 ? '' : `# ${errors.length} sources of gauges did not answer\n`;
      return `${missing}${serializer.serialize(resourceMetrics)}`;
    },
    stop: () => closeWithin(CLOSE_WITHIN_MS, () => provider.shutdown()),
  };
}

/** Read when somebody asks, by the health endpoint's server: OpenTelemetry's own exporter would open a port of its own. */
class ScrapedReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function createInstruments<Process extends ProcessName>(meter: Meter, name: Process): Instruments<Process> {
  const keys = (Object.keys(METRICS) as MetricKey[]).filter((key) => METRICS[key].of.some((of) => of === name));
  return Object.fromEntries(keys.map((key) => [key, createInstrument(meter, key)])) as unknown as Instruments<Process>;
}

function createInstrument(meter: Meter, key: MetricKey): Counter | Histogram | ObservableGauge {
  const spec = METRICS[key];
  const options = { description: spec.description, unit: spec.unit };
  switch (spec.kind) {
    case 'counter': {
      const counter = meter.createCounter(metricName(key), options);
      for (const labels of knownLabels(spec.labels)) counter.add(0, labels);
      return counter;
    }
    case 'histogram':
      return meter.createHistogram(metricName(key), {
        ...options,
        advice: { explicitBucketBoundaries: [...spec.buckets] },
      });
    case 'gauge':
      return meter.createObservableGauge(metricName(key), options);
  }
}

/** Every combination of labels, where all their words are known: a counter that starts at zero shows its first increase. */
function knownLabels(labels: Readonly<Record<string, readonly string[] | string>>): Attributes[] {
  return Object.entries(labels).reduce<Attributes[]>(
    (known, [label, values]) =>
      typeof values === 'string' ? [] : known.flatMap((of) => values.map((value) => ({ ...of, [label]: value }))),
    [{}],
  );
}

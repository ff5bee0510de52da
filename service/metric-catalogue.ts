export type ProcessName = 'ingest-bridge' | 'worker';

/** What a label can say: one of these words, or one of a set that is bounded elsewhere and described here. */
type LabelValues = readonly string[] | string;

interface MetricSpec {
  /** A gauge is asked for its value when metrics are read. */
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** As OpenTelemetry writes units. */
  readonly unit: string;
  readonly labels: Readonly<Record<string, LabelValues>>;
  readonly of: readonly ProcessName[];
  readonly description: string;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

const BRIDGE = ['ingest-bridge'] as const;
const WORKER = ['worker'] as const;
const BOTH = ['ingest-bridge', 'worker'] as const;

const COUNT_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] as const;
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
const LATENCY_BUCKETS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400] as const;

const PARTITION = 'a partition of the hub';
const CODE = 'a code of the catalogue of errors';
const TYPE = 'a measurement type of the templates';
const NEEDS = [
  'ledger',
  'event_hubs',
  'templates',
  'workers',
  'claim_store',
  'workflow_history',
  'temporal',
  'dead_letter_store',
] as const;
const KIND = ['device_content', 'fhir_mapping'] as const;

/**
 * Every metric there is: the one place that names them. `eventsReceived` is `iomt_events_received`; Prometheus' text has
 * `_total` behind counters. No label may hold a device, a patient, an id or a reading, and each has few values.
 */
export const METRICS = {
  eventsReceived: {
    kind: 'counter',
    unit: '{event}',
    labels: { partition: PARTITION },
    of: BRIDGE,
    description: 'Events taken from the hub; attempts: an event that comes again counts again.',
  },
  eventsIngested: {
    kind: 'counter',
    unit: '{event}',
    labels: { partition: PARTITION, outcome: ['normalized', 'unmatched', 'dead_lettered'] },
    of: BRIDGE,
    description: 'Events by what became of them, once it is durable and in the ledger; each event once.',
  },
  eventsMissing: {
    kind: 'counter',
    unit: '{event}',
    labels: { partition: PARTITION },
    of: BRIDGE,
    description: 'Events the hub numbered and had dropped before they were read.',
  },
  measurementsHandedOver: {
    kind: 'counter',
    unit: '{measurement}',
    labels: { type: TYPE },
    of: BRIDGE,
    description: 'Measurements handed over to workflows, once the ledger says so; each measurement once.',
  },
  signals: {
    kind: 'counter',
    unit: '{signal}',
    labels: { content: ['rows', 'claim'] },
    of: BRIDGE,
    description: 'Signals that Temporal has taken, with their rows or with a claim on them; attempts.',
  },
  receiveBatchEvents: {
    kind: 'histogram',
    unit: '{event}',
    labels: {},
    of: BRIDGE,
    description: 'Events of a batch as the hub handed it out; attempts.',
    buckets: COUNT_BUCKETS,
  },
  signalMeasurements: {
    kind: 'histogram',
    unit: '{measurement}',
    labels: {},
    of: BRIDGE,
    description: 'Measurements of a signal; attempts.',
    buckets: COUNT_BUCKETS,
  },
  handoverDurationSeconds: {
    kind: 'histogram',
    unit: 's',
    labels: {},
    of: BRIDGE,
    description: 'From the hub taking an event in to its ledger being written; each event once.',
    buckets: LATENCY_BUCKETS,
  },
  intakeRetries: {
    kind: 'counter',
    unit: '{attempt}',
    labels: { partition: PARTITION, needs: NEEDS },
    of: BRIDGE,
    description: 'Steps of the intake that failed and are tried again, by what they need.',
  },
  intakeHeldUpSeconds: {
    kind: 'gauge',
    unit: 's',
    labels: { partition: PARTITION, needs: NEEDS },
    of: BRIDGE,
    description: 'For how long a partition has been held up, by what it needs; absent while all is well.',
  },
  partitions: {
    kind: 'gauge',
    unit: '{partition}',
    labels: {},
    of: BRIDGE,
    description: 'Partitions of the hub. Every bridge says the same.',
  },
  partitionsOwned: {
    kind: 'gauge',
    unit: '{partition}',
    labels: {},
    of: BRIDGE,
    description: 'Partitions that this bridge reads.',
  },
  partitionUnreadSeconds: {
    kind: 'gauge',
    unit: 's',
    labels: { partition: PARTITION },
    of: BRIDGE,
    description: 'For how long a partition has had no bridge that reads it; absent while it has. Every bridge says it.',
  },
  partitionLagEvents: {
    kind: 'gauge',
    unit: '{event}',
    labels: { partition: PARTITION },
    of: BRIDGE,
    description:
      'Events in the hub behind the ledger. Said by the bridge that reads the partition; of one that nobody reads, by all.',
  },
  partitionLagSeconds: {
    kind: 'gauge',
    unit: 's',
    labels: { partition: PARTITION },
    of: BRIDGE,
    description: 'Age of the oldest event behind the ledger, as far as it is known; 0 when there is none.',
  },
  partitionFreshnessSeconds: {
    kind: 'gauge',
    unit: 's',
    labels: { partition: PARTITION },
    of: BRIDGE,
    description:
      'Age of the newest event in the ledger, from when the hub took it in. Grows while a hub is silent, too.',
  },
  partitionHandedOverTimestampSeconds: {
    kind: 'gauge',
    unit: 's',
    labels: { partition: PARTITION },
    of: BRIDGE,
    description: 'When the hub took in the newest event in the ledger, in seconds since 1970.',
  },
  templateRefused: {
    kind: 'gauge',
    unit: '1',
    labels: { kind: KIND },
    of: BRIDGE,
    description: '1 while the present content of a template file is refused; absent otherwise.',
  },
  templateInfo: {
    kind: 'gauge',
    unit: '1',
    labels: { kind: KIND, version: 'the content hash of the version in force' },
    of: BOTH,
    description: '1 for each template version in force. Every process says the same.',
  },
  deadLetters: {
    kind: 'counter',
    unit: '{letter}',
    labels: { stage: ['normalize', 'transform'], code: CODE },
    of: BOTH,
    description: 'Dead letters. Of events (normalize) each once; of measurements (transform) attempts.',
  },
  measurementsBooked: {
    kind: 'counter',
    unit: '{measurement}',
    labels: { type: TYPE, outcome: ['written', 'superseded', 'without_value', 'dead_lettered'] },
    of: WORKER,
    description:
      'Measurements by what became of them, by deliveries that came to their end; a repeated delivery counts again.',
  },
  samplesCollided: {
    kind: 'counter',
    unit: '{sample}',
    labels: { type: TYPE },
    of: WORKER,
    description: 'Samples that gave way to another of their slot.',
  },
  groupsWaiting: {
    kind: 'counter',
    unit: '{attempt}',
    labels: { code: CODE },
    of: WORKER,
    description: 'Groups that could not be written and wait, by their code; attempts: a group counts with each.',
  },
  deliveryMeasurements: {
    kind: 'histogram',
    unit: '{measurement}',
    labels: {},
    of: WORKER,
    description: 'Measurements that got an outcome in one delivery.',
    buckets: COUNT_BUCKETS,
  },
  deliveryDurationSeconds: {
    kind: 'histogram',
    unit: 's',
    labels: { outcome: ['done', 'waiting', 'failed'] },
    of: WORKER,
    description: 'Deliveries: all of it decided, some of it waiting, or failed as a whole and repeated.',
    buckets: REQUEST_BUCKETS,
  },
  resourceWrites: {
    kind: 'counter',
    unit: '{write}',
    labels: { resource_type: 'a resource type of the FHIR mapping', outcome: ['created', 'updated', 'unchanged'] },
    of: WORKER,
    description: 'Observations, and resources of other kinds, by what their write made of them.',
  },
  resourcesReunited: {
    kind: 'counter',
    unit: '{write}',
    labels: {},
    of: WORKER,
    description: 'Creates that had replaced what another had just written; both are together again.',
  },
  ingestionToFhirSeconds: {
    kind: 'histogram',
    unit: 's',
    labels: {},
    of: WORKER,
    description: 'From the hub taking a measurement in to its write to FHIR.',
    buckets: LATENCY_BUCKETS,
  },
  occurrenceToFhirSeconds: {
    kind: 'histogram',
    unit: 's',
    labels: {},
    of: WORKER,
    description: 'From the time of a measurement, by the clock of its device, to its write to FHIR.',
    buckets: LATENCY_BUCKETS,
  },
  identityLookups: {
    kind: 'counter',
    unit: '{lookup}',
    labels: { outcome: '`resolved`, `cancelled`, or a code of the catalogue of errors' },
    of: WORKER,
    description:
      'Questions whose device and patient it is, by the answer; answers that workflows remember are not asked for.',
  },
  fhirRequests: {
    kind: 'counter',
    unit: '{request}',
    labels: {
      interaction: ['read', 'search', 'history', 'update', 'create', 'delete', 'capabilities'],
      resource_type: 'a FHIR resource type',
      outcome:
        '`ok`, `created`, `replaced`, `existed`, `absent`, `deleted`, `conflict`, `ambiguous`, `cancelled`, or a code of the catalogue of errors',
    },
    of: WORKER,
    description: 'Requests to the FHIR server by their outcome; the pages of a search or history are one.',
  },
  fhirRequestDurationSeconds: {
    kind: 'histogram',
    unit: 's',
    labels: {
      interaction: ['read', 'search', 'history', 'update', 'create', 'delete', 'capabilities'],
      resource_type: 'a FHIR resource type',
    },
    of: WORKER,
    description: 'Time a request to the FHIR server took, whatever its outcome.',
    buckets: REQUEST_BUCKETS,
  },
  activityFailures: {
    kind: 'counter',
    unit: '{attempt}',
    labels: { activity: 'the name of an activity', code: CODE },
    of: WORKER,
    description: 'Attempts of activities that failed and are repeated by Temporal.',
  },
  workflows: {
    kind: 'gauge',
    unit: '{workflow}',
    labels: { state: ['well', 'retrying', 'stuck'] },
    of: WORKER,
    description: 'Open workflows by the worst of their groups, counted by Temporal. Every worker says the same.',
  },
  workflowsStuckLong: {
    kind: 'gauge',
    unit: '{workflow}',
    labels: { longer_than: ['1h', '24h'] },
    of: WORKER,
    description: 'Open workflows that have been stuck for longer than this. Every worker says the same.',
  },
  taskQueueBacklogTasks: {
    kind: 'gauge',
    unit: '{task}',
    labels: { queue: ['workflows', 'fhir'] },
    of: WORKER,
    description: 'Tasks that wait for a worker, roughly, by Temporal. Every worker says the same.',
  },
  taskQueueBacklogSeconds: {
    kind: 'gauge',
    unit: 's',
    labels: { queue: ['workflows', 'fhir'] },
    of: WORKER,
    description: 'Age of the oldest task that waits for a worker, roughly, by Temporal. Every worker says the same.',
  },
  taskQueuePollers: {
    kind: 'gauge',
    unit: '{poller}',
    labels: { queue: ['workflows', 'fhir'] },
    of: WORKER,
    description:
      'Workers that have polled a task queue within the last minutes, by Temporal. Every worker says the same.',
  },
  buildInfo: {
    kind: 'gauge',
    unit: '1',
    labels: {
      process: BOTH,
      version: 'version of the connector',
      node: 'version of Node',
      deployment: 'name of the deployment',
    },
    of: BOTH,
    description: '1, with what runs here.',
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricKey = keyof typeof METRICS;
export type Needs = (typeof NEEDS)[number];

/** `eventsReceived` → `iomt_events_received`, as OpenTelemetry has it. */
export function metricName(key: MetricKey): string {
  return `iomt_${key.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)}`;
}

/** As Prometheus has it: counters end in `_total`. */
export function prometheusName(key: MetricKey): string {
  return METRICS[key].kind === 'counter' ? `${metricName(key)}_total` : metricName(key);
}

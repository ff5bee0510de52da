import { z } from 'zod';
import { Duration, PositiveDuration } from './duration.ts';
import { EncryptionKeys, SecretKey } from './encryption-keys.ts';
import { SimulatedFaults } from './simulated-faults.ts';

interface SettingOptions {
  /** As a user would write it in the environment; absent: the setting has no default. */
  readonly default?: string;
  readonly group: string;
  readonly description: string;
  readonly secret?: boolean;
}

function setting<Schema extends z.ZodType<unknown, string>, const Options extends SettingOptions>(
  schema: Schema,
  options: Options,
): { readonly schema: Schema } & Options {
  return { schema, ...options };
}

const text = z.string().trim().min(1, 'expected some text');
const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.number().min(minimum, `expected at least ${minimum}`).max(maximum, `expected at most ${maximum}`));
const port = wholeNumber(0, 65_535);
const url = z
  .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
  // It is printed and logged; and fetch takes no URL that holds a password.
  .refine((value) => !/^https?:\/\/[^/?#]*@/i.test(value), 'expected a URL without user name and password')
  .transform((value) => value.replace(/\/+$/, ''));
const choice = <const Choices extends readonly [string, ...string[]]>(choices: Choices) =>
  z.string().pipe(z.enum(choices, `expected one of ${choices.join(', ')}`));

const storageConnectionString = text.regex(
  /(^|;)\s*(AccountName|BlobEndpoint|UseDevelopmentStorage)=/i,
  'expected a connection string of Azure Storage',
);

/** Of Azure Storage, for Entra ID. The address may hold no signature: that would be a connection string's. */
const accountUrl = text
  .regex(/^https:\/\/[^/?#@\s]+(\/[^?#@\s]*)?$/i, 'expected the https URL of an account, without a signature')
  .transform((value) => value.replace(/\/+$/, ''));

/** `my-namespace.servicebus.windows.net`, with a port where it is not the usual one. */
const hubNamespace = text.regex(
  /^[a-z0-9][a-z0-9.-]*(:\d+)?$/i,
  'expected the host name of a namespace, such as my-namespace.servicebus.windows.net',
);

/** Shorter ones could be guessed; the characters are those of RFC 6750. */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]{16,}=*$/;
const bearerTokens = z
  .string()
  .transform((value) => value.split(/[\s,]+/).filter((token) => token !== ''))
  .refine(
    (tokens) => tokens.length > 0 && tokens.every((token) => BEARER_TOKEN.test(token)),
    'expected tokens of at least 16 letters, digits or -._~+/, separated by commas',
  );

/** Of web pages, separated by commas: scheme, host and, where it is not the usual one, port. */
const origins = z
  .string()
  .transform((value) => value.split(/[\s,]+/).filter((origin) => origin !== ''))
  .refine(
    (given) => given.every((origin) => /^https?:\/\//.test(origin) && URL.parse(origin)?.origin === origin),
    'expected origins such as https://temporal.example.org, without a path, separated by commas',
  );

/** `type=duration` pairs, separated by commas: `heartRate=10s,steps=1m`. */
const durationByType = z.string().transform((value, context): ReadonlyMap<string, number> => {
  const entries = new Map<string, number>();
  for (const pair of value.split(',').filter((part) => part.trim() !== '')) {
    const at = pair.lastIndexOf('=');
    const duration = Duration.safeParse(pair.slice(at + 1).trim());
    // A semicolon is a comma that was meant: it would become part of a type nobody has.
    if (at < 1 || !duration.success || pair.includes(';')) {
      context.addIssue({ code: 'custom', message: 'expected pairs such as heartRate=10s,steps=1m' });
      return z.NEVER;
    }
    entries.set(pair.slice(0, at).trim(), duration.data);
  }
  return entries;
});

/** Ways of other FHIR servers that the embedded one can take on. */
export const FHIR_BEHAVIOURS = [
  'medplum',
  'hapi',
  'assigns-ids',
  'ms-precision',
  'ignores-if-none-match',
  'strips-meta',
  'no-etag',
] as const;
export type FhirBehaviour = (typeof FHIR_BEHAVIOURS)[number];

const fhirBehaviours = z
  .string()
  .transform((value) =>
    value
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
  .pipe(z.array(z.enum(FHIR_BEHAVIOURS, `expected names separated by commas, out of ${FHIR_BEHAVIOURS.join(', ')}`)));

/**
 * Every setting there is: the one place that names them. `dispatchInterval` is `IOMT_DISPATCH_INTERVAL` in the
 * environment and `dispatchInterval` in a configuration file. `docs/configuration.md` is generated from this table.
 */
export const SETTINGS = {
  deployment: setting(text.regex(/^[A-Za-z0-9_-]{1,40}$/, 'expected up to 40 letters, digits, _ or -'), {
    default: 'iomt',
    group: 'General',
    description: 'Name that prefixes workflow ids, task queues and the store. A trial beside the old is a second one.',
  }),
  dataDir: setting(text, {
    default: 'data',
    group: 'General',
    description: 'Folder of the store and, when they are embedded, of all servers. Relative to the working directory.',
  }),
  logLevel: setting(choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal']), {
    default: 'info',
    group: 'General',
    description: 'Least severe log lines to write.',
  }),
  listenHost: setting(text, {
    default: '127.0.0.1',
    group: 'General',
    description: 'Address on which the health endpoints listen.',
  }),

  storeConnectionString: setting(storageConnectionString, {
    group: 'Store',
    description: 'Connection string of Azure Storage, for a store that all processes share. Not set: the data folder.',
    secret: true,
  }),
  storeAccountUrl: setting(accountUrl, {
    group: 'Store',
    description:
      'Instead of a connection string: the account, `https://<account>.blob.core.windows.net`, opened with [Entra ID](inputs.md#entra-id).',
  }),
  storeContainer: setting(text.regex(/^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/, 'expected the name of a container'), {
    default: 'iomt',
    group: 'Store',
    description: 'Container of the store in Azure Storage; made at the first start where it may be.',
  }),

  eventHubConnectionString: setting(text, {
    group: 'Event Hubs',
    description: 'Connection string of the namespace or hub. Not set: the embedded Event Hubs server.',
    secret: true,
  }),
  eventHubNamespace: setting(hubNamespace, {
    group: 'Event Hubs',
    description:
      'Instead of a connection string: the namespace, `<name>.servicebus.windows.net`, opened with [Entra ID](inputs.md#entra-id).',
  }),
  eventHubTransport: setting(choice(['amqp', 'websockets']), {
    default: 'amqp',
    group: 'Event Hubs',
    description:
      'AMQP over TLS on port 5671, or the same in WebSockets on port 443, which [proxies](inputs.md#tls-and-proxies) let through.',
  }),
  eventHubName: setting(text, {
    default: 'devicedata',
    group: 'Event Hubs',
    description: 'The hub that devices send to.',
  }),
  consumerGroup: setting(text, {
    default: '$Default',
    group: 'Event Hubs',
    description: 'Consumer group of the ingest bridge; nothing else may read with it.',
  }),

  dispatchInterval: setting(Duration, {
    default: '5s',
    group: 'Ingest bridge',
    description: 'Pause between two batches of a partition, in which events gather: Temporal costs per signal.',
  }),
  receiveBatchSize: setting(wholeNumber(1, 10_000), {
    default: '1000',
    group: 'Ingest bridge',
    description: 'Most events of one batch. A full batch is followed by the next without a pause.',
  }),
  signalConcurrency: setting(wholeNumber(1, 1000), {
    default: '50',
    group: 'Ingest bridge',
    description: 'Signals of one partition under way to Temporal at once.',
  }),
  ownershipExpiry: setting(PositiveDuration, {
    default: '60s',
    group: 'Ingest bridge',
    description: 'A partition whose bridge has not renewed its ownership for so long is taken over by another.',
  }),
  bridgePort: setting(port, {
    default: '8081',
    group: 'Ingest bridge',
    description: 'Port of the health endpoint of the ingest bridge.',
  }),

  httpHost: setting(text, {
    default: '127.0.0.1',
    group: 'HTTP endpoint',
    description: 'Address on which the [HTTP endpoint](inputs.md#http) listens; beyond loopback it wants a token.',
  }),
  httpPort: setting(port, {
    default: '8083',
    group: 'HTTP endpoint',
    description: 'Port of the HTTP endpoint, its health included.',
  }),
  httpTokens: setting(bearerTokens, {
    group: 'HTTP endpoint',
    description: 'Bearer tokens, each good for every sender; a second one while they change. Not set: loopback only.',
    secret: true,
  }),
  httpMaxBody: setting(wholeNumber(1024, 16_777_216), {
    default: '1000000',
    group: 'HTTP endpoint',
    description: 'Most bytes of one request, inflated. A message of it must fit into an event of the hub besides.',
  }),

  deviceContentFile: setting(text, {
    group: 'Templates',
    description: 'The device content template. A changed file is validated, then activated or refused.',
  }),
  fhirMappingFile: setting(text, {
    group: 'Templates',
    description: 'The FHIR mapping template. A changed file is validated, then activated or refused.',
  }),
  templatePollInterval: setting(PositiveDuration, {
    default: '2s',
    group: 'Templates',
    description: 'How often template files and the pointer to the active pair are looked at.',
  }),

  window: setting(Duration, {
    default: '5m',
    group: 'Windows and retries',
    description: 'How long measurements of one device and type are gathered before they are written together.',
  }),
  windows: setting(durationByType, {
    default: '',
    group: 'Windows and retries',
    description: 'Windows of single measurement types: `heartRate=10s,steps=15m`.',
  }),
  windowMaxRows: setting(wholeNumber(1, 100_000), {
    default: '2000',
    group: 'Windows and retries',
    description: 'A window with so many measurements closes early.',
  }),
  idleAfter: setting(PositiveDuration, {
    default: '8d',
    group: 'Windows and retries',
    description:
      'A workflow without measurements completes after so long: longer than the retention of the hub, plus a day.',
  }),
  retryFastInitial: setting(PositiveDuration, {
    default: '2s',
    group: 'Windows and retries',
    description: 'Rest after the first failure of a passing kind; doubles with each.',
  }),
  retryFastAttempts: setting(wholeNumber(0, 20), {
    default: '5',
    group: 'Windows and retries',
    description: 'Attempts before a group counts as stuck and is retried slowly.',
  }),
  retrySlowInitial: setting(PositiveDuration, {
    default: '1m',
    group: 'Windows and retries',
    description: 'First rest of a stuck group; doubles with each attempt.',
  }),
  retrySlowMaximum: setting(PositiveDuration, {
    default: '1h',
    group: 'Windows and retries',
    description: 'Longest rest of a stuck group.',
  }),

  fhirUrl: setting(url, {
    group: 'FHIR',
    description: 'Base URL of the FHIR R4 server. Not set: the embedded FHIR server.',
  }),
  fhirTimeout: setting(PositiveDuration, {
    default: '30s',
    group: 'FHIR',
    description: 'Longest wait for the answer to one request.',
  }),
  fhirDeliveriesPerSecond: setting(wholeNumber(1, 100_000), {
    default: '200',
    group: 'FHIR',
    description: 'Most deliveries started in a second by all workers together.',
  }),
  identityMode: setting(choice(['Lookup', 'LookupWithEncounter', 'Create']), {
    default: 'Lookup',
    group: 'FHIR',
    description: 'How device and patient are resolved; [the pipeline](pipeline.md#identity) explains the modes.',
  }),
  checkPatientId: setting(choice(['Create', 'always']), {
    default: 'Create',
    group: 'FHIR',
    description:
      'In which identity modes a patient id in a message must be one of the device’s patient, or else the reading waits: in `Create` alone, since mappings written for the original may carry something else there, or `always`.',
  }),
  deviceIdentifierSystem: setting(z.string().trim(), {
    default: '',
    group: 'FHIR',
    description: 'System of the identifier by which Devices are found; empty: the identifier has none.',
  }),
  identityMaxAge: setting(Duration, {
    default: '5m',
    group: 'FHIR',
    description: 'How long a resolved identity is believed, from the moment it was asked for.',
  }),
  singleId: setting(choice(['fraction', 'seconds']), {
    default: 'fraction',
    group: 'FHIR',
    description:
      'Whether single readings within one second become Observations of their own, or share one as in the original: `seconds` gives the ids of an existing deployment, for a cut-over.',
  }),
  timePrecision: setting(choice(['100ns', 'ms']), {
    default: '100ns',
    group: 'FHIR',
    description: 'How precisely times are written into Observations; `ms` for readers that take no more.',
  }),
  workerPort: setting(port, {
    default: '8082',
    group: 'FHIR',
    description: 'Port of the health endpoint of the worker.',
  }),

  encryptionKeys: setting(EncryptionKeys, {
    group: 'Privacy',
    description:
      'Keys as `id:key`: the first encrypts what is kept in Temporal and in the store, all decrypt. [Privacy](privacy.md) tells how to change them. Not set: nothing is encrypted.',
    secret: true,
  }),
  deviceIds: setting(choice(['plain', 'hashed']), {
    group: 'Privacy',
    description:
      'How devices are named in workflow ids and search attributes, which are never encrypted; fixed by the first start of a deployment. Not set: `hashed` with encryption keys, else `plain`.',
  }),
  idHashKey: setting(SecretKey, {
    group: 'Privacy',
    description: 'The key by which device ids are hashed. It can never be changed: every id would be another.',
    secret: true,
  }),
  codecHost: setting(text, {
    default: '127.0.0.1',
    group: 'Privacy',
    description: 'Address on which the [codec server](privacy.md#the-codec-server) listens.',
  }),
  codecPort: setting(port, {
    default: '8084',
    group: 'Privacy',
    description: 'Port of the codec server.',
  }),
  codecTokens: setting(bearerTokens, {
    group: 'Privacy',
    description: 'Tokens with which the codec server may be asked; a second one while they change.',
    secret: true,
  }),
  codecOrigins: setting(origins, {
    default: 'http://127.0.0.1:8233,http://localhost:8233',
    group: 'Privacy',
    description: 'Origins of the Temporal UIs whose pages may ask the codec server.',
  }),

  lagInterval: setting(PositiveDuration, {
    default: '15s',
    group: 'Metrics',
    description: 'How often a bridge asks the hub how far its partitions are behind, and whether somebody reads each.',
  }),
  unreadAfter: setting(PositiveDuration, {
    default: '5m',
    group: 'Metrics',
    description: 'A partition that no bridge has read for so long makes the health of every bridge `degraded`.',
  }),
  temporalMetricsPort: setting(wholeNumber(1, 65_535), {
    group: 'Metrics',
    description: 'Port on which a worker shows the metrics of Temporal’s SDK, as `/metrics`. Not set: it does not.',
  }),

  temporalCli: setting(text, {
    group: 'Embedded servers',
    description: 'Path of a `temporal` executable for the embedded server. Not set: looked for, then fetched.',
  }),
  cacheDir: setting(text, {
    group: 'Embedded servers',
    description: 'Folder for the fetched `temporal` executable. Not set: a folder in the user’s cache.',
  }),
  temporalPort: setting(port, {
    default: '7233',
    group: 'Embedded servers',
    description: 'Port of the embedded Temporal server; its UI has a thousand more.',
  }),
  eventHubPort: setting(port, {
    default: '5672',
    group: 'Embedded servers',
    description: 'Port of the embedded Event Hubs server.',
  }),
  eventHubPartitions: setting(wholeNumber(1, 32), {
    default: '2',
    group: 'Embedded servers',
    description: 'Partitions of the embedded hub; fixed when its data folder is made.',
  }),
  fhirPort: setting(port, {
    default: '8080',
    group: 'Embedded servers',
    description: 'Port of the embedded FHIR server.',
  }),
  fhirBehaves: setting(fhirBehaviours, {
    default: '',
    group: 'Embedded servers',
    description: 'Other FHIR servers that the embedded one behaves like; [FHIR servers](fhir-servers.md) tells how.',
  }),
  fhirFaults: setting(z.string().trim(), {
    default: '',
    group: 'Embedded servers',
    description:
      'Faults that a proxy before the embedded FHIR server injects: `PUT 503 20%; * delay=200ms 10%`. [FHIR servers](fhir-servers.md#faults) has the grammar.',
  }),
  simulatedDevices: setting(wholeNumber(0, 10_000), {
    default: '2',
    group: 'Embedded servers',
    description: 'Simulated devices of each kind; 0 for none. Only with the embedded Event Hubs server.',
  }),
  simulatedInterval: setting(PositiveDuration, {
    default: '5s',
    group: 'Embedded servers',
    description: 'Time between two messages of a simulated heart rate monitor; the others send less often.',
  }),
  simulatedFaults: setting(SimulatedFaults, {
    default: '',
    group: 'Embedded servers',
    description:
      'What simulated devices do wrong, each with its share if another than 5% is wanted: `duplicates=10%,late`. [Simulated devices](simulated-devices.md#faults) explains each.',
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** Settings that have no default stay undefined until they are given. */
export type Config = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends { default: string }
    ? z.infer<(typeof SETTINGS)[Name]['schema']>
    : z.infer<(typeof SETTINGS)[Name]['schema']> | undefined;
};

/** `dispatchInterval` → `IOMT_DISPATCH_INTERVAL`. */
export function environmentName(name: SettingName): string {
  return `IOMT_${name.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()}`;
}

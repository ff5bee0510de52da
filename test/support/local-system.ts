import { EventHubProducerClient } from '@azure/event-hubs';
import type { EventData } from '@azure/event-hubs';
import { Client, Connection } from '@temporalio/client';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { Observation, Resource } from 'fhir/r4.js';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from '../../cli/command-context.ts';
import { readStatus } from '../../cli/status.ts';
import type { SystemStatus } from '../../cli/status.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { Config, SettingName } from '../../config/settings.ts';
import { environmentName } from '../../config/settings.ts';
import { idHashKeyOf } from '../../config/id-hash-key.ts';
import { namingOf } from '../../core/naming.ts';
import { startBridge } from '../../ingest-bridge/main.ts';
import { writeDemoTemplates } from '../../sandbox/demo-templates.ts';
import { dataConverterOf } from '../../privacy/data-converter.ts';
import { startEventHubsServer } from '../../sandbox/event-hubs/event-hubs-server.ts';
import type { EventHubsServer } from '../../sandbox/event-hubs/event-hubs-server.ts';
import { startFaultProxy } from '../../sandbox/fhir-faults/fault-proxy.ts';
import type { FaultProxy } from '../../sandbox/fhir-faults/fault-proxy.ts';
import { startFhirServer } from '../../sandbox/fhir-server/fhir-server.ts';
import type { FhirServer, FhirServerOptions } from '../../sandbox/fhir-server/fhir-server.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { createLogger } from '../../service/log.ts';
import type { Service } from '../../service/run-service.ts';
import { startWorker } from '../../worker/main.ts';
import { bundleWorkflows } from '../../worker/worker.ts';
import { TEST_TEMPORAL } from './temporal-setup.ts';

const HUB = 'devicedata';
const POLICIES = { RootManageSharedAccessKey: 'SAS_KEY_VALUE' };
const RETRY_OPTIONS = { maxRetries: 3, retryDelayInMs: 200, timeoutInMs: 5000 };

/** Everything short, so that a test is over in seconds. */
const TEST_SETTINGS: Partial<Record<SettingName, string>> = {
  logLevel: 'fatal',
  window: '400ms',
  dispatchInterval: '100ms',
  templatePollInterval: '200ms',
  ownershipExpiry: '5s',
  retryFastInitial: '100ms',
  retryFastAttempts: '2',
  retrySlowInitial: '500ms',
  retrySlowMaximum: '1s',
  workerPort: '0',
};

/** Which FHIR server the system has, other than an embedded one of our own manner. */
export interface FhirChoice {
  /** Ways of other servers that the embedded one is to take on. */
  readonly behaves?: FhirServerOptions['behaves'];
  /** A server that runs already, instead of an embedded one. */
  readonly fhirUrl?: string | undefined;
  /** Throws the dice of a fault proxy between the system and its FHIR server; without it there is no proxy. */
  readonly faultDice?: () => number;
}

/** With encryption keys, and without. */
const bundles = new Map<boolean, Promise<WorkflowBundleOption>>();

/** The whole system in this process and on the run's Temporal server: hub, FHIR server, worker and bridge, all real. */
export class LocalSystem {
  readonly config: Config;
  /** Asked by the tests themselves, past the proxy. */
  fhir: FhirServer;
  readonly hub: EventHubsServer;
  readonly client: Client;
  readonly #choice: FhirChoice;
  readonly #proxy: FaultProxy | undefined;
  readonly #producer: EventHubProducerClient;
  readonly #connection: Connection;
  #worker: Service | undefined;
  #bridge: Service | undefined;

  private constructor(parts: {
    config: Config;
    choice: FhirChoice;
    fhir: FhirServer;
    proxy: FaultProxy | undefined;
    hub: EventHubsServer;
    connection: Connection;
  }) {
    this.config = parts.config;
    this.#choice = parts.choice;
    this.fhir = parts.fhir;
    this.#proxy = parts.proxy;
    this.hub = parts.hub;
    this.#connection = parts.connection;
    this.client = new Client({
      connection: parts.connection,
      dataConverter: dataConverterOf(parts.config.encryptionKeys),
    });
    this.#producer = new EventHubProducerClient(parts.hub.connectionString, HUB, { retryOptions: RETRY_OPTIONS });
  }

  static async start(
    settings: Partial<Record<SettingName, string>> = {},
    choice: FhirChoice = {},
  ): Promise<LocalSystem> {
    const dataDir = await mkdtemp(join(tmpdir(), 'iomt-system-'));
    const fhir = await startFhir(choice, dataDir);
    const { faultDice } = choice;
    const proxy = faultDice && (await startFaultProxy({ target: fhir.baseUrl, random: faultDice }));
    const hub = await startEventHubsServer({
      dataDir: join(dataDir, 'event-hubs'),
      hubs: [{ name: HUB, partitionCount: 2 }],
      policies: POLICIES,
    });
    const given: Partial<Record<SettingName, string>> = {
      ...TEST_SETTINGS,
      deployment: `t-${randomBytes(6).toString('hex')}`,
      bridgePort: String(await freePort(0)),
      dataDir,
      fhirUrl: (proxy ?? fhir).baseUrl,
      eventHubConnectionString: hub.connectionString,
      ...writeDemoTemplates(join(dataDir, 'templates')),
      ...settings,
    };
    const environment = Object.entries(given).map(([name, value]) => [environmentName(name as SettingName), value]);
    const connection = await Connection.connect({ address: temporalAddress() });
    const config = loadConfig(Object.fromEntries(environment) as never);
    void bundleOf(config);
    return new LocalSystem({ config, choice, fhir, proxy, hub, connection });
  }

  /** Between the system and its FHIR server; there only when dice were given. */
  get faults(): FaultProxy {
    if (this.#proxy === undefined) throw new Error('Expected the system to be started with dice for faults');
    return this.#proxy;
  }

  async startWorker(): Promise<void> {
    const log = createLogger('worker', this.config.logLevel);
    const workflowBundle = await bundleOf(this.config);
    const { signal } = new AbortController();
    const options = { config: this.config, embeddedTemporal: temporalAddress(), log, signal, workflowBundle };
    this.#worker = await startWorker(options);
    // A worker that fails is what the test is about to see; it must not end the run.
    this.#worker.ended.catch(() => undefined);
  }

  async stopWorker(): Promise<void> {
    await this.#worker?.stop();
    this.#worker = undefined;
  }

  /** @param changed settings that differ from the system's */
  async startBridge(changed: Partial<Config> = {}): Promise<void> {
    const log = createLogger('ingest-bridge', this.config.logLevel);
    const { signal } = new AbortController();
    const config = { ...this.config, ...changed };
    this.#bridge = await startBridge({ config, embeddedTemporal: temporalAddress(), log, signal });
    this.#bridge.ended.catch(() => undefined); // as above
  }

  async stopBridge(): Promise<void> {
    await this.#bridge?.stop();
    this.#bridge = undefined;
  }

  /** Takes the FHIR server away; what it has stored stays. */
  async stopFhir(): Promise<void> {
    await this.fhir.stop();
  }

  /** Brings it back at the same address. */
  async restartFhir(): Promise<void> {
    this.fhir = await startFhir(this.#choice, this.config.dataDir, this.fhir.port);
  }

  /** What the bridge says of itself. */
  async bridgeHealth(): Promise<Record<string, unknown>> {
    const response = await fetch(`http://${this.config.listenHost}:${this.config.bridgePort}/health`);
    return (await response.json()) as Record<string, unknown>;
  }

  /** Sends events of one device in order. */
  async send(partitionKey: string, ...bodies: readonly (object | string)[]): Promise<void> {
    const events = bodies.map((body) => ({
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    }));
    await this.sendEvents(partitionKey, events);
  }

  async sendEvents(partitionKey: string, events: readonly EventData[]): Promise<void> {
    await this.#producer.sendBatch([...events], { partitionKey });
  }

  /**
   * Registers a device and its patient; the resources' ids are the identifiers', where the server takes ids.
   *
   * @returns the ids under which they stand
   */
  async register(deviceId: string, patientId: string): Promise<{ device: string; patient: string }> {
    const identifier = (value: string): object => ({ identifier: [{ value }] });
    const patient = await this.put({ resourceType: 'Patient', id: patientId, ...identifier(patientId) });
    const reference = { patient: { reference: `Patient/${patient}` } };
    const device = { resourceType: 'Device', id: deviceId, ...identifier(deviceId), ...reference };
    return { patient, device: await this.put(device) };
  }

  /**
   * Under its own id; where the server assigns ids, once by its identifier.
   *
   * @returns the id under which it stands
   */
  async put(resource: Resource): Promise<string> {
    const { id = '', ...content } = resource;
    const send = (method: string, path: string, body: object, headers = {}): Promise<Response> =>
      fetch(`${this.fhir.baseUrl}/${resource.resourceType}${path}`, {
        method,
        headers: { 'content-type': 'application/fhir+json', ...headers },
        body: JSON.stringify(body),
      });
    let response = await send('PUT', `/${id}`, resource);
    if (response.status === 405) response = await send('POST', '', content, { 'if-none-exist': `identifier=${id}` });
    const text = await response.text();
    if (!response.ok) throw new Error(`The FHIR server answered ${response.status}: ${text}`);
    return (JSON.parse(text) as { id: string }).id;
  }

  /** Every Observation there is, in order of time. */
  async observations(query = ''): Promise<Observation[]> {
    const headers = { 'cache-control': 'no-cache' }; // some servers keep what a search has found
    const response = await fetch(`${this.fhir.baseUrl}/Observation?_count=1000&_sort=date${query}`, { headers });
    const bundleOf = (await response.json()) as { entry?: { resource: Observation }[] };
    return (bundleOf.entry ?? []).map((entry) => entry.resource);
  }

  /** As the commands of the command line are given it. */
  context(): CommandContext {
    return { config: this.config, embeddedTemporal: temporalAddress(), print: () => undefined };
  }

  async status(): Promise<SystemStatus> {
    const { status } = await readStatus(this.context());
    return status;
  }

  workflowIds(type: string, ...deviceIds: readonly string[]): string[] {
    const naming = namingOf(this.config.deployment, idHashKeyOf(this.config));
    return deviceIds.map((deviceId) => naming.workflow(deviceId, type));
  }

  /** Replays every history this system has made: workflow code that decides otherwise the second time fails here. */
  async expectDeterministic(): Promise<number> {
    const workflowBundle = await bundleOf(this.config);
    const dataConverter = dataConverterOf(this.config.encryptionKeys);
    let count = 0;
    const query = `WorkflowId STARTS_WITH '${this.config.deployment}.'`;
    for await (const { workflowId, runId } of this.client.workflow.list({ query })) {
      const history = await this.client.workflow.getHandle(workflowId, runId).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle, dataConverter }, history, workflowId);
      count += 1;
    }
    return count;
  }

  async stop(): Promise<void> {
    await this.stopBridge();
    for await (const { workflowId } of this.client.workflow.list({ query: this.#running() })) {
      await this.client.workflow
        .getHandle(workflowId)
        .terminate('the test is over')
        .catch(() => undefined); // it may have ended
    }
    await this.stopWorker();
    await bundleOf(this.config); // a test without a worker may be over sooner, and would cut it off in the middle
    await this.#producer.close();
    await this.#connection.close();
    await this.hub.stop();
    await this.#proxy?.stop();
    await this.fhir.stop();
    await rm(this.config.dataDir, { recursive: true, force: true });
  }

  #running(): string {
    return `WorkflowId STARTS_WITH '${this.config.deployment}.' AND ExecutionStatus = 'Running'`;
  }
}

async function startFhir({ behaves = [], fhirUrl }: FhirChoice, dataDir: string, port = 0): Promise<FhirServer> {
  if (fhirUrl === undefined) return await startFhirServer({ file: join(dataDir, 'fhir.db'), port, behaves });
  const { port: urlPort } = new URL(fhirUrl);
  return { port: Number(urlPort), baseUrl: fhirUrl.replace(/\/+$/, ''), stop: () => Promise.resolve() };
}

function temporalAddress(): string {
  const address = process.env[TEST_TEMPORAL];
  if (address === undefined) throw new Error('The integration tests are run by jest with their global set-up');
  return address;
}

async function bundleOf({ encryptionKeys }: Config): Promise<WorkflowBundleOption> {
  const isEncrypted = encryptionKeys !== undefined;
  const known = bundles.get(isEncrypted);
  if (known !== undefined) return await known;
  if (bundles.size === 0) Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const bundling = bundleWorkflows(encryptionKeys);
  bundles.set(isEncrypted, bundling);
  return await bundling;
}

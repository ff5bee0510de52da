import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { embeddedAddressesFile, givenSettings } from '../config/load-config.ts';
import type { EmbeddedAddresses } from '../config/load-config.ts';
import type { Config, SettingName } from '../config/settings.ts';
import { environmentName } from '../config/settings.ts';
import { loadTemporalSettings } from '../config/temporal-settings.ts';
import { OperatorError } from '../core/operator-error.ts';
import { writeDemoTemplates } from './demo-templates.ts';
import { parseFaults } from './fhir-faults/fault-text.ts';
import { firstObservation } from './first-observation.ts';
import { lockFolder } from './folder-lock.ts';
import { freePort } from './free-port.ts';
import type { Part } from './part.ts';
import { openLog, startPart } from './part.ts';
import { endLeftoverTemporal, startTemporalServer } from './temporal-server.ts';
import { findTemporal } from './temporal-executable.ts';
import type { TemporalServer } from './temporal-server.ts';

export interface StartOptions {
  readonly config: Config;
  readonly print: (line: string) => void;
  /** Aborted when the stack is to stop. */
  readonly signal: AbortSignal;
}

type PortSetting = `${'temporal' | 'eventHub' | 'fhir' | 'worker' | 'bridge' | 'http' | 'codec'}Port`;

/** Short windows, so that something is to be seen at once; only where nothing else was asked for. */
const DEMO_SETTINGS: Partial<Record<SettingName, string>> = { window: '10s', retrySlowInitial: '15s' };

/**
 * Runs the whole system on this machine until it is told to stop: every server that no address is set for, the worker,
 * the bridge and, with the embedded hub, simulated devices. Parts that end by themselves are started again; all are
 * stopped in the order of the flow, the source first.
 */
export async function startStack({ config, print, signal }: StartOptions): Promise<void> {
  assertTemplatesComplete(config);
  parseFaults(config.fhirFaults); // the server reads them itself: what is wrong is to be told before anything is started
  const release = await takeDataFolder(config.dataDir);
  const stack = new Stack(config, print, signal);
  signal.addEventListener('abort', () => {
    print('Stopping …');
  });
  try {
    await stack.start();
    if (!signal.aborted) await stack.announce();
    await aborted(signal);
  } catch (error) {
    // What a stop has cut off is no failure.
    if (!signal.aborted) throw error;
  } finally {
    await stack.stop();
    await release();
  }
}

/** One stack a folder: a second one would end the servers of the first. */
async function takeDataFolder(dataDir: string): Promise<() => Promise<void>> {
  try {
    return await lockFolder(dataDir);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`The data folder ${resolve(dataDir)} cannot be used (IOMT_DATA_DIR)`, { cause: error });
  }
}

function assertTemplatesComplete({ deviceContentFile, fhirMappingFile }: Config): void {
  if ((deviceContentFile === undefined) === (fhirMappingFile === undefined)) return;
  throw new OperatorError('IOMT_DEVICE_CONTENT_FILE and IOMT_FHIR_MAPPING_FILE belong together: set both, or none');
}

class Stack {
  readonly #config: Config;
  readonly #print: (line: string) => void;
  readonly #given = givenSettings();
  readonly #parts: Part[] = [];
  readonly #startedAt = new Date();
  #temporal: TemporalServer | undefined;
  #temporalCli: string | undefined;
  #environment: Record<string, string> = {};
  #codecPort: number | undefined;
  #codecToken: string | undefined;
  #addresses: EmbeddedAddresses | undefined;
  #isStopping = false;
  readonly #signal: AbortSignal;

  constructor(config: Config, print: (line: string) => void, signal: AbortSignal) {
    this.#config = config;
    this.#print = print;
    this.#signal = signal;
  }

  /** In the order of need: servers, worker, bridge, devices. Stops between two of them when it is told to. */
  async start(): Promise<void> {
    const { dataDir } = this.#config;
    mkdirSync(dataDir, { recursive: true });
    this.#print(`Starting; everything is kept in ${resolve(dataDir)}`);
    const steps: (() => Promise<unknown>)[] = [
      () => this.#startServers(),
      ...(this.#config.encryptionKeys === undefined ? [] : [() => this.#startCodecServer()]),
      () => this.#startWithPort('worker', 'workerPort'),
      () => this.#startWithPort('ingest-bridge', 'bridgePort'),
      () => this.#startWithPort('http-endpoint', 'httpPort'),
      ...(this.#simulates() ? [() => this.#start('simulate')] : []),
    ];
    for (const step of steps) {
      if (this.#signal.aborted) return;
      await step();
    }
  }

  async announce(): Promise<void> {
    const { eventHubName, window } = this.#config;
    const addresses = this.#addresses;
    if (addresses === undefined) return;
    const isDemo = !this.#given.has('window');
    this.#print('');
    this.#print('Ready. Embedded servers are local stand-ins, for trying and testing.');
    this.#print(`  Temporal UI     ${addresses.temporalUiUrl ?? '(of the server at TEMPORAL_ADDRESS)'}`);
    if (this.#temporalCli !== undefined) {
      this.#print(`  Temporal        ${addresses.temporalAddress}, CLI ${this.#temporalCli}`);
    }
    const codecUrl = this.#parts.find(({ name }) => name === 'codec-server')?.details['url'];
    if (codecUrl !== undefined) {
      const token = this.#codecToken === undefined ? 'as IOMT_CODEC_TOKENS says' : this.#codecToken;
      this.#print(`  Codec server    ${codecUrl}, token ${token}`);
    }
    this.#print(`  FHIR R4         ${addresses.fhirUrl}`);
    this.#print(`  Event Hubs      ${this.#hubEndpoint()}, hub ${eventHubName}`);
    const takesMessages = this.#parts.find(({ name }) => name === 'http-endpoint')?.details['url'];
    if (takesMessages !== undefined) this.#print(`  HTTP messages   ${takesMessages}`);
    for (const part of this.#parts) {
      if (part.details['health'] !== undefined) this.#print(`  ${part.name.padEnd(15)} ${part.details['health']}`);
    }
    this.#print(`  Templates       ${this.#environment['IOMT_DEVICE_CONTENT_FILE'] ?? ''}`);
    this.#print(`  Logs            ${resolve(this.#config.dataDir, 'logs')}`);
    const windowText = isDemo ? `${DEMO_SETTINGS.window} (demo setting; 5m otherwise)` : `${window / 1000}s`;
    this.#print(`  Window          ${windowText}`);
    this.#print('  npm run status shows the sums; Ctrl-C stops everything, and the next start goes on.');
    this.#print('');
    if (!this.#simulates()) return;
    const url = await firstObservation(addresses.fhirUrl, this.#startedAt, this.#signal);
    if (url !== undefined) this.#print(`First Observation: ${url}`);
  }

  /** Source first, so that everything on its way can still arrive; Temporal last. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#addresses !== undefined) rmSync(embeddedAddressesFile(this.#config), { force: true });
    const order = ['codec-server', 'simulate', 'http-endpoint', 'ingest-bridge', 'worker', 'fhir-server', 'event-hubs'];
    for (const name of order) await this.#parts.find((part) => part.name === name)?.stop();
    await this.#temporal?.stop();
    this.#print('Stopped.');
  }

  async #startServers(): Promise<void> {
    const temporalAddress = await this.#startTemporal();
    const [eventHubConnectionString, fhirUrl] = await Promise.all([this.#startEventHubs(), this.#startFhir()]);
    const temporalUiUrl = this.#temporal?.uiUrl;
    this.#addresses = {
      temporalAddress,
      ...(temporalUiUrl !== undefined && { temporalUiUrl }),
      ...(eventHubConnectionString !== undefined && { eventHubConnectionString }),
      fhirUrl,
    };
    this.#setEnvironment(this.#addresses);
    writeFileSync(embeddedAddressesFile(this.#config), JSON.stringify(this.#addresses, null, 2));
  }

  async #startTemporal(): Promise<string> {
    const given = loadTemporalSettings().connectionOptions.address;
    if (given !== undefined) return given;
    const { dataDir, cacheDir, temporalCli, temporalPort } = this.#config;
    await endLeftoverTemporal(dataDir);
    const executable = await findTemporal({
      named: temporalCli,
      cacheDir,
      progress: this.#print,
      signal: this.#signal,
    });
    const options = {
      executable,
      dataDir,
      port: await this.#port('temporalPort'),
      uiPort: await freePort(temporalPort + 1000),
      codecUrl: await this.#codecUrl(),
      onLine: openLog(join(dataDir, 'logs'), 'temporal'),
    };
    this.#temporalCli = executable;
    this.#temporal = await startTemporalServer(options);
    this.#keepTemporal(this.#temporal, options);
    return this.#temporal.address;
  }

  /** Chosen before the UI is started, which is told of it. */
  async #codecUrl(): Promise<string | undefined> {
    if (this.#config.encryptionKeys === undefined) return undefined;
    this.#codecPort ??= await this.#port('codecPort');
    return `http://${this.#config.codecHost}:${this.#codecPort}`;
  }

  /** With a token of this start's own where none is given. */
  async #startCodecServer(): Promise<void> {
    await this.#codecUrl();
    if (!this.#given.has('codecTokens')) this.#codecToken = randomBytes(24).toString('base64url');
    const uiUrl = this.#temporal?.uiUrl;
    const isFixed = uiUrl === undefined || this.#given.has('codecOrigins');
    await this.#start('codec-server', {
      IOMT_CODEC_PORT: String(this.#codecPort),
      ...(this.#codecToken !== undefined && { IOMT_CODEC_TOKENS: this.#codecToken }),
      ...(!isFixed && { IOMT_CODEC_ORIGINS: `${uiUrl},${uiUrl.replace('127.0.0.1', 'localhost')}` }),
    });
  }

  /** The same port and database again: whoever is connected finds it back. */
  #keepTemporal(server: TemporalServer, options: Parameters<typeof startTemporalServer>[0]): void {
    void server.ended.then(async () => {
      while (!this.#isStopping) {
        this.#print('temporal ended; starting it again');
        try {
          this.#temporal = await startTemporalServer(options);
          this.#keepTemporal(this.#temporal, options);
          return;
        } catch (error) {
          this.#print(`temporal could not be started: ${error instanceof Error ? error.message : String(error)}`);
          await rest(5000);
        }
      }
    });
  }

  async #startEventHubs(): Promise<string | undefined> {
    const given = this.#config.eventHubConnectionString;
    if (!this.#embedsHub()) return given;
    const port = await this.#port('eventHubPort');
    const part = await this.#start('event-hubs', { IOMT_EVENT_HUB_PORT: String(port) });
    return requireDetail(part, 'connectionString');
  }

  async #startFhir(): Promise<string> {
    const given = this.#config.fhirUrl;
    if (given !== undefined) return given;
    const part = await this.#start('fhir-server', { IOMT_FHIR_PORT: String(await this.#port('fhirPort')) });
    return requireDetail(part, 'fhirUrl');
  }

  /** Settings of the parts: what was given stays; then addresses, demo settings, and the demo's templates. */
  #setEnvironment(addresses: EmbeddedAddresses): void {
    const { deviceContentFile, fhirMappingFile, dataDir } = this.#config;
    const hasTemplates = deviceContentFile !== undefined || fhirMappingFile !== undefined;
    const templates = hasTemplates ? undefined : writeDemoTemplates(join(dataDir, 'templates'));
    const settings: Partial<Record<SettingName, string>> = {
      ...DEMO_SETTINGS,
      ...(addresses.eventHubConnectionString !== undefined && {
        eventHubConnectionString: addresses.eventHubConnectionString,
      }),
      fhirUrl: addresses.fhirUrl,
      ...templates,
    };
    const entries = Object.entries(settings).filter(([name]) => !this.#given.has(name as SettingName));
    this.#environment = Object.fromEntries(
      entries.map(([name, value]) => [environmentName(name as SettingName), value]),
    );
    if (this.#temporal !== undefined) this.#environment['TEMPORAL_ADDRESS'] = addresses.temporalAddress;
  }

  async #startWithPort(command: string, name: PortSetting): Promise<Part> {
    return await this.#start(command, { [environmentName(name)]: String(await this.#port(name)) });
  }

  async #start(command: string, extra: Readonly<Record<string, string>> = {}): Promise<Part> {
    const part = await startPart({
      command,
      environment: { ...this.#environment, ...extra },
      logFolder: join(this.#config.dataDir, 'logs'),
      signal: this.#signal,
      notice: (line) => {
        if (!this.#isStopping) this.#print(line);
      },
    });
    this.#parts.push(part);
    return part;
  }

  #simulates(): boolean {
    return this.#embedsHub() && this.#config.simulatedDevices > 0;
  }

  #embedsHub(): boolean {
    const { eventHubConnectionString, eventHubNamespace } = this.#config;
    return eventHubConnectionString === undefined && eventHubNamespace === undefined;
  }

  /** Without its key. */
  #hubEndpoint(): string {
    const { eventHubNamespace } = this.#config;
    if (eventHubNamespace !== undefined) return `sb://${eventHubNamespace}`;
    return /Endpoint=([^;]+)/i.exec(this.#addresses?.eventHubConnectionString ?? '')?.[1] ?? 'as configured';
  }

  /** A port that was asked for is used as it is; a default one that is taken gives way to a free one. */
  async #port(name: PortSetting): Promise<number> {
    const wanted = this.#config[name];
    const port = this.#given.has(name) ? wanted : await freePort(wanted);
    if (port !== wanted) this.#print(`Port ${wanted} is taken; using ${port} (${environmentName(name)} sets it)`);
    return port;
  }
}

function requireDetail(part: Part, name: string): string {
  const detail = part.details[name];
  if (detail === undefined) throw new RangeError(`Expected ${part.name} to report its ${name}`);
  return detail;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
}

import type { Patient } from 'fhir/r4.js';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { childEnvironment, printableConfig } from '../../config/load-config.ts';
import type { SettingName } from '../../config/settings.ts';
import { environmentName } from '../../config/settings.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { commandPart, EXECUTABLE, NODE_FLAGS } from '../kill/launch.ts';
import type { Part } from '../kill/part.ts';
import { eventually } from './eventually.ts';
import { filesBelow, temporalEvidence } from './evidence.ts';
import type { TemporalEvidence } from './evidence.ts';
import { LocalSystem } from './local-system.ts';
import { writeMarkedTemplates } from './marked-templates.ts';
import { TEST_TEMPORAL } from './temporal-setup.ts';

/** Everything of the run that only FHIR and the hub may hold. */
export const MARKS = {
  device: 'markdevice-5f1c',
  strangeDevice: 'markstranger-77d2',
  patient: 'markpatient-9be2',
  otherPatient: 'markother-31aa',
  patientName: 'Markname-Esmeralda',
  reading: '71.9041763',
  heldReading: '83.1170529',
  unreadable: 'markvalue-unreadable',
  brokenBody: 'markbody-broken',
  outcome: 'markoutcome-of-the-server',
} as const;

export interface Evidence extends TemporalEvidence {
  readonly store: Uint8Array;
  /** Standard output and error of every process. */
  readonly logs: Uint8Array;
  /** What processes answer to whoever asks how they are. */
  readonly endpoints: Uint8Array;
}

const DAY = Date.UTC(2026, 0, 5, 10);
const at = (second: number): string => new Date(DAY + second * 1000).toISOString();
const reading = (second: number, heartRate: unknown, more: object = {}): object => ({
  ...{ deviceId: MARKS.device, measuredAt: at(second), heartRate },
  ...more,
});
/** As a server that tells too much: it quotes what it was given, and whose it was. */
const OUTCOME = {
  resourceType: 'OperationOutcome',
  issue: [
    {
      severity: 'error',
      code: 'invalid',
      diagnostics: `${MARKS.outcome}: ${MARKS.patientName}, Patient/${MARKS.patient}, ${MARKS.reading}`,
      details: { text: `${MARKS.outcome} of ${MARKS.device}` },
    },
  ],
} as const;

/**
 * A whole run with bridge and worker as processes of their own: readings that are written, that are refused, that wait,
 * that cannot be read, and a run that is ended and recovered.
 */
export class MarkedRun {
  readonly system: LocalSystem;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #parts: readonly Part[];
  readonly #ports: { readonly worker: number; readonly http: number };
  #said = '';

  private constructor(
    system: LocalSystem,
    folder: string,
    environment: NodeJS.ProcessEnv,
    ports: { worker: number; http: number },
  ) {
    this.system = system;
    this.#folder = folder;
    this.#environment = environment;
    this.#ports = ports;
    this.#parts = ['worker', 'ingest-bridge', 'http-endpoint'].map((command) =>
      commandPart({ name: command, command, environment, logFolder: folder }),
    );
  }

  static async start(settings: Partial<Record<SettingName, string>>): Promise<MarkedRun> {
    const folder = await mkdtemp(join(tmpdir(), 'iomt-marked-'));
    await mkdir(folder, { recursive: true });
    const ports = { worker: await freePort(0), http: await freePort(0) };
    const all: typeof settings = {
      ...settings,
      ...(await writeMarkedTemplates(join(folder, 'templates'))),
      identityMode: 'Create',
      logLevel: 'trace',
      workerPort: String(ports.worker),
      httpPort: String(ports.http),
    };
    const system = await LocalSystem.start(all, { faultDice: () => 0 });
    const environment = environmentOf(system, settings);
    return new MarkedRun(system, folder, environment, ports);
  }

  async play(): Promise<void> {
    const { system } = this;
    for (const part of this.#parts) await part.start();
    await this.#register();
    await system.send(MARKS.device, reading(0, 71.9041763), reading(1, 71.9041763, { patientId: MARKS.patient }));
    await this.#written(2);

    expect(await this.#post(JSON.stringify(reading(6, 71.9041763)))).toBeLessThan(300);
    expect(await this.#post(`{"deviceId": "${MARKS.device}", "${MARKS.brokenBody}": `)).toBeGreaterThanOrEqual(400);
    await this.#written(3);

    system.faults.inject({ does: 'answer', method: 'PUT', status: 500, outcome: OUTCOME, times: 4 });
    await system.send(MARKS.device, reading(2, 71.9041763));
    await this.#written(4);
    system.faults.inject({ does: 'answer', method: 'PUT', status: 422, outcome: OUTCOME, times: 1 });
    await system.send(MARKS.device, reading(3, 71.9041763));
    await this.#deadLettered(1);
    await system.send(MARKS.device, reading(4, MARKS.unreadable));
    await this.#deadLettered(2);
    await system.send(MARKS.device, `{"deviceId": "${MARKS.device}", "${MARKS.brokenBody}": `);

    // Of a device that nobody knows, too many for a signal; and of a patient whose device it is not.
    system.faults.inject({ does: 'answer', method: 'GET', path: /Device\?/, status: 500, outcome: OUTCOME, times: 4 });
    const readings = Array.from({ length: 700 }, (_, i) => ({ measuredAt: at(i), heartRate: 83.1170529 }));
    await system.send(MARKS.strangeDevice, { deviceId: MARKS.strangeDevice, readings });
    await system.send(MARKS.device, reading(5, 83.1170529, { patientId: MARKS.otherPatient }));
    await eventually(async () => {
      const { waiting, ledgers } = await system.status();
      expect(waiting.map(({ code }) => code).sort()).toEqual(['PATIENT_ID_MISSING', 'PATIENT_MISMATCH']);
      expect(ledgers.deadLettered).toBe(1);
    });
    await this.#recover();
  }

  async evidence(): Promise<Evidence> {
    const { client, config } = this.system;
    const urls = [this.#ports.worker, this.#ports.http, config.bridgePort].flatMap((port) =>
      ['health', 'metrics'].map((path) => `http://127.0.0.1:${port}/${path}`),
    );
    const answers = await Promise.all(urls.map(async (url) => await (await fetch(url)).text()));
    return {
      ...(await temporalEvidence(client, config.deployment)),
      store: await filesBelow(join(config.dataDir, 'store')),
      logs: Buffer.concat([await filesBelow(this.#folder), Buffer.from(this.#said)]),
      endpoints: Buffer.from(answers.join('\n')),
    };
  }

  /** Runs a command to its end, and keeps what it says. */
  async command(...args: readonly string[]): Promise<string> {
    const child = execFile(process.execPath, [...NODE_FLAGS, EXECUTABLE, ...args], { env: this.#environment });
    let said = '';
    for (const output of [child.stdout, child.stderr]) output?.on('data', (text: string) => (said += text));
    await once(child, 'close');
    this.#said += said;
    return said;
  }

  async stop(): Promise<void> {
    for (const part of this.#parts) await part.kill();
    await this.system.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #register(): Promise<void> {
    const { system } = this;
    await system.register(MARKS.device, MARKS.patient);
    const identified = { id: MARKS.patient, identifier: [{ value: MARKS.patient }] };
    const patient: Patient = { resourceType: 'Patient', ...identified, name: [{ family: MARKS.patientName }] };
    await system.put(patient);
  }

  /** @returns the status of the HTTP endpoint's answer */
  async #post(body: string): Promise<number> {
    const url = `http://127.0.0.1:${this.#ports.http}/messages`;
    const { status } = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return status;
  }

  /** A run is ended by hand, and its successor takes over what it held. */
  async #recover(): Promise<void> {
    const [workflowId = ''] = this.system.workflowIds('heartRate', MARKS.strangeDevice);
    await this.system.client.workflow.getHandle(workflowId).terminate('by hand');
    const recovered = await eventually(async () => {
      const said = await this.command('batches', 'recover');
      expect(said).toContain('700 measurements brought back');
      return said;
    });
    expect(recovered).toContain(workflowId);
    await this.command('status');
    const ofDevice = ['--device', MARKS.strangeDevice];
    await eventually(async () => {
      expect(await this.command('batches', 'list', ...ofDevice, '--all')).toContain(workflowId);
      expect(await this.command('batches', 'show', ...ofDevice, '--type', 'heartRate')).toContain(workflowId);
    });
  }

  async #written(count: number): Promise<void> {
    await eventually(async () => {
      const [observation] = await this.system.observations();
      const tokens = observation?.valueSampledData?.data?.split(' ') ?? [];
      expect(tokens.filter((token) => token === MARKS.reading)).toHaveLength(count);
    });
  }

  async #deadLettered(count: number): Promise<void> {
    await eventually(async () => {
      expect((await this.system.status()).workflows.outcomes.deadLettered).toBe(count);
    });
  }
}

/** For processes of their own: what the system has, and nothing of whoever runs the tests. */
function environmentOf({ config }: LocalSystem, secrets: Partial<Record<SettingName, string>>): NodeJS.ProcessEnv {
  const { eventHubConnectionString = '' } = config;
  const printed = Object.entries(printableConfig(config)).filter(([, value]) => value !== null);
  const known = Object.fromEntries(printed.map(([name, value]) => [name, String(value)]));
  const given = Object.entries({ ...secrets, eventHubConnectionString }).map(([name, value]) => [
    environmentName(name as SettingName),
    value,
  ]);
  const inherited = Object.entries(childEnvironment()).filter(([name]) => !/^(IOMT|TEMPORAL)_/.test(name));
  return {
    ...Object.fromEntries(inherited),
    ...known,
    ...(Object.fromEntries(given) as Record<string, string>),
    TEMPORAL_ADDRESS: process.env[TEST_TEMPORAL],
  };
}

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import { gzipSync } from 'node:zlib';
import type { HttpEndpoint } from '../../http-endpoint/main.ts';
import { startHttpEndpoint } from '../../http-endpoint/main.ts';
import type { AmqpMessage } from '../../sandbox/simulator/device-event.ts';
import { createLogger } from '../../service/log.ts';
import { createDeadLetters } from '../../stores/dead-letters.ts';
import { storeOf } from '../../stores/store-of.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

const ENQUEUED = new Date('2026-01-05T12:00:00.875Z');
const APPLICATION = '8a2f5b0e-6a55-4e8e-9d0f-5f0a53b1c8d4';

let system: LocalSystem;

beforeEach(async () => {
  system = await LocalSystem.start({ httpPort: '0' });
  await system.startWorker();
  await system.startBridge();
});
afterEach(async () => {
  await system.stop();
});

/** As IoT Hub routes what a device sent: https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-messages-construct */
function routedByIotHub(deviceId: string, body: Buffer, more: Partial<AmqpMessage> = {}): AmqpMessage {
  return {
    header: { durable: true },
    body,
    bodyType: 'data',
    messageAnnotations: {
      'x-opt-partition-key': deviceId,
      'iothub-connection-device-id': deviceId,
      'iothub-connection-module-id': 'gateway',
      'iothub-connection-auth-method': '{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}',
      'iothub-connection-auth-generation-id': '637424012345678901',
      'iothub-enqueuedtime': ENQUEUED,
      'iothub-message-source': 'Telemetry',
    },
    ...more,
  };
}

const temperature = (value: number): Buffer => Buffer.from(JSON.stringify({ bodyTemperature: value }));

/** https://learn.microsoft.com/azure/iot-central/core/howto-export-to-event-hubs */
function exportedByIotCentral(deviceId: string, oxygenSaturation: number, at: Date): object {
  return {
    applicationId: APPLICATION,
    messageSource: 'telemetry',
    deviceId,
    schema: 'default@v1',
    templateId: 'dtmi:hospital:oximeter;1',
    enqueuedTime: at.toISOString(),
    telemetry: { oxygenSaturation },
    enrichments: { ward: '7' },
    messageProperties: { 'iothub-creation-time-utc': '2026-01-05T11:59:59Z' },
    component: 'sensor',
  };
}

const send = (event: AmqpMessage): Promise<void> => system.sendEvents('ignored', [event]);

/** Single readings by time, `2026-01-05T12:00:00.875Z 37`; not the hourly Observations that some samples make too. */
async function valuesOf(deviceId: string): Promise<string[]> {
  const own = (await system.observations()).filter((one) => one.device?.reference === `Device/${deviceId}`);
  const single = own.filter(({ valueQuantity }) => valueQuantity !== undefined);
  return single.map((one) => `${effectiveOf(one)} ${one.valueQuantity?.value}`).sort();
}

const effectiveOf = ({ effectiveDateTime, effectivePeriod }: Observation): string =>
  new Date(effectiveDateTime ?? effectivePeriod?.start ?? '').toISOString();

async function expectValues(deviceId: string, values: readonly string[]): Promise<void> {
  await eventually(async () => {
    expect(await valuesOf(deviceId)).toEqual(values);
  });
}

describe('IoT Hub', () => {
  test('is read as it routes: device and times beside the body, plain and gzipped, with module and enrichments', async () => {
    await system.register('thermometer-1', 'patient-1');
    const creationTime = { 'iothub-creation-time-utc': '2026-01-05T11:30:00.1234567Z', ward: '7' };
    await send(routedByIotHub('thermometer-1', temperature(37.1)));
    await send(routedByIotHub('thermometer-1', temperature(37.2), { applicationProperties: creationTime }));
    const properties = { contentType: 'application/json', contentEncoding: 'gzip', messageId: 'm-3' };
    const later = { 'iothub-creation-time-utc': '2026-01-05T11:31:00Z' };
    const gzipped = gzipSync(temperature(37.3));
    await send(routedByIotHub('thermometer-1', gzipped, { properties, applicationProperties: later }));
    await expectValues('thermometer-1', [
      '2026-01-05T11:30:00.123Z 37.2',
      '2026-01-05T11:31:00.000Z 37.3',
      '2026-01-05T12:00:00.875Z 37.1',
    ]);
  });

  test('also routes what is no telemetry; it matches nothing, and is counted', async () => {
    const sources = [
      'twinChangeEvents',
      'deviceLifecycleEvents',
      'deviceConnectionStateEvents',
      'digitalTwinChangeEvents',
    ];
    for (const source of sources) {
      const event = routedByIotHub('thermometer-1', Buffer.from('{"version":2,"properties":{"reported":{"fw":"1"}}}'));
      const about = { 'iothub-message-source': source, opType: 'updateTwin' };
      await send({ ...event, messageAnnotations: { ...event.messageAnnotations, ...about } });
    }
    await eventually(async () => {
      expect((await system.status()).ledgers).toMatchObject({ events: 4, unmatched: 4, measurements: 0 });
    });
  });
});

describe('IoT Central', () => {
  test('is read as it exports now, one reading or an array of them', async () => {
    await system.register('oximeter-1', 'patient-1');
    const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 5, 12, minute));
    const one = exportedByIotCentral('oximeter-1', 97, at(0));
    const several = [exportedByIotCentral('oximeter-1', 98, at(1)), exportedByIotCentral('oximeter-1', 96, at(2))];
    const about = { 'iotcentral-device-id': 'oximeter-1', 'iotcentral-message-source': 'telemetry' };
    for (const body of [one, several]) {
      await send({
        header: { durable: true },
        messageAnnotations: { 'x-opt-partition-key': 'oximeter-1', ...about },
        applicationProperties: about,
        body: Buffer.from(JSON.stringify(body)),
        bodyType: 'data',
      });
    }
    await expectValues('oximeter-1', [
      '2026-01-05T12:00:00.000Z 97',
      '2026-01-05T12:01:00.000Z 98',
      '2026-01-05T12:02:00.000Z 96',
    ]);
  });

  test('is read as its legacy export was: like IoT Hub, its AMQP properties among the application’s', async () => {
    await system.register('thermometer-1', 'patient-1');
    const event = routedByIotHub('thermometer-1', temperature(36.9), {
      applicationProperties: {
        'iotcentral-device-id': 'thermometer-1',
        'iotcentral-application-id': APPLICATION,
        'iotcentral-message-source': 'Telemetry',
        content_type: 'application/json',
        content_encoding: 'utf-8',
        'iothub-creation-time-utc': '2026-01-05T11:00:00.9Z',
      },
    });
    const scope = { 'iothub-connection-auth-method': '{"scope":"hub","type":"sas","issuer":"iothub"}' };
    await send({ ...event, messageAnnotations: { ...event.messageAnnotations, ...scope } });
    await expectValues('thermometer-1', ['2026-01-05T11:00:00.900Z 36.9']);
  });
});

describe('plain Event Hubs', () => {
  const reading = (second: number, heartRate: number): object => ({
    deviceId: 'monitor-1',
    measuredAt: `2026-01-05T12:00:0${second}Z`,
    heartRate,
  });

  test('takes bodies of AMQP values and of gzip; what says gzip and is not, and a bomb, are dead letters', async () => {
    await system.register('monitor-1', 'patient-1');
    const header = { durable: true };
    const messageAnnotations = { 'x-opt-partition-key': 'monitor-1' };
    const plain = Buffer.from(JSON.stringify(reading(3, 73)));
    const bodies: AmqpMessage[] = [
      { body: reading(1, 71), bodyType: 'value' },
      {
        body: gzipSync(JSON.stringify(reading(2, 72))),
        bodyType: 'data',
        properties: { contentType: 'application/gzip' },
      },
      { body: plain, bodyType: 'data', properties: { contentEncoding: 'gzip' } },
      { body: gzipSync(Buffer.alloc(64 * 2 ** 20, ' ')), bodyType: 'data' },
      { body: [1, 'two', { three: 3 }], bodyType: 'sequence' },
      { body: plain, bodyType: 'data' },
    ];
    for (const body of bodies) await send({ header, messageAnnotations, ...body });
    await expectValues('monitor-1', [
      '2026-01-05T12:00:01.000Z 71',
      '2026-01-05T12:00:02.000Z 72',
      '2026-01-05T12:00:03.000Z 73',
    ]);
    const { ledgers } = await system.status();
    expect(ledgers).toMatchObject({ events: 6, unmatched: 1, deadLettered: 2, measurements: 6 });
    const letters = await createDeadLetters(await storeOf(system.config), system.config.deployment).list();
    expect(letters.map(({ code }) => code).sort()).toEqual(['BODY_NOT_GZIP', 'BODY_TOO_LARGE']);
    const bodyOf = (code: string): Buffer =>
      Buffer.from(letters.find((letter) => letter.code === code)?.event?.body ?? '', 'base64');
    expect(bodyOf('BODY_NOT_GZIP')).toEqual(plain);
  });
});

describe('HTTP', () => {
  let endpoint: HttpEndpoint;
  beforeEach(async () => {
    endpoint = await startHttpEndpoint(system.config, createLogger('http-endpoint', 'fatal'));
  });
  afterEach(async () => {
    await endpoint.stop();
  });

  test('takes readings to Observations; one that is sent twice is one', async () => {
    await system.register('monitor-1', 'patient-1');
    const lines = [1, 2, 3].map((n) =>
      JSON.stringify({ deviceId: 'monitor-1', measuredAt: `2026-01-05T12:00:0${n}Z`, heartRate: 70 + n }),
    );
    const headers = { 'content-type': 'application/x-ndjson', 'iomt-device-id': 'monitor-1' };
    for (const body of [lines.join('\n'), lines[1] ?? '']) {
      const response = await fetch(endpoint.url, { method: 'POST', headers, body });
      expect(response.status).toBe(202);
    }
    await eventually(async () => {
      expect((await system.status()).ledgers).toMatchObject({ events: 4, measurements: 8 });
    });
    await expectValues('monitor-1', [
      '2026-01-05T12:00:01.000Z 71',
      '2026-01-05T12:00:02.000Z 72',
      '2026-01-05T12:00:03.000Z 73',
    ]);
  });
});

import { expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AmqpMessage } from '../../../sandbox/simulator/device-event.ts';
import type { SimulatedDevice } from '../../../sandbox/simulator/devices.ts';
import { simulatedDevices, unregisteredDevices } from '../../../sandbox/simulator/devices.ts';

const at = new Date('2024-03-01T08:15:30.250Z');
const threeHoursAhead = new Date('2024-03-01T11:15:30.250Z');
const samples = readdirSync(join(import.meta.dirname, '../../../templates/samples'));

const bodyOf = ({ body }: AmqpMessage): unknown => JSON.parse((body as Buffer).toString());
const device = (prefix: string): SimulatedDevice => {
  const found = simulatedDevices(1, () => 0.5).find(({ deviceId }) => deviceId === `${prefix}-1`);
  if (found === undefined) throw new RangeError(`Expected a ${prefix}`);
  return found;
};

test('every patient has one device for each sample, each with a name of its own', () => {
  const devices = simulatedDevices(3, () => 0.5);
  expect(devices).toHaveLength(3 * samples.length);
  expect(new Set(devices.map(({ deviceId }) => deviceId)).size).toBe(devices.length);
  expect(new Set(devices.map(({ patientId }) => patientId)).size).toBe(3);
});

test('every event carries the key that keeps the order of its device, since the SDK forgets that of a batch', () => {
  for (const each of simulatedDevices(2, () => 0.5)) {
    expect(each.event(at)).toMatchObject({
      header: { durable: true },
      bodyType: 'data',
      messageAnnotations: { 'x-opt-partition-key': each.deviceId },
    });
  }
});

test('devices that speak to the hub themselves name themselves and tell their own time', () => {
  expect(bodyOf(device('heart-rate-monitor').event(at, threeHoursAhead))).toEqual({
    deviceId: 'heart-rate-monitor-1',
    measuredAt: threeHoursAhead.toISOString(),
    heartRate: expect.any(Number),
  });
});

test('behind IoT Hub the body is the reading alone; device and times stand beside it', () => {
  const event = device('thermometer').event(at, threeHoursAhead);
  expect(bodyOf(event)).toEqual({ bodyTemperature: expect.any(Number) });
  expect(event).toMatchObject({
    properties: { contentType: 'application/json', contentEncoding: 'utf-8' },
    applicationProperties: { 'iothub-creation-time-utc': threeHoursAhead.toISOString() },
    messageAnnotations: {
      'iothub-connection-device-id': 'thermometer-1',
      'iothub-connection-auth-method': '{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}',
      'iothub-connection-auth-generation-id': expect.stringMatching(/^\d+$/),
      // An instant, so that it becomes an AMQP timestamp; and the hub's own time, whatever the device believes.
      'iothub-enqueuedtime': at,
      'iothub-message-source': 'Telemetry',
    },
  });
});

test('behind IoT Central the body is its export, with its time', () => {
  const event = device('pulse-oximeter').event(at, threeHoursAhead);
  expect(bodyOf(event)).toEqual({
    applicationId: expect.any(String),
    messageSource: 'telemetry',
    deviceId: 'pulse-oximeter-1',
    schema: 'default@v1',
    templateId: expect.stringMatching(/^dtmi:/),
    enqueuedTime: at.toISOString(),
    telemetry: { oxygenSaturation: expect.any(Number) },
    enrichments: {},
    messageProperties: {},
  });
  for (const properties of [event.applicationProperties, event.messageAnnotations]) {
    expect(properties).toMatchObject({ 'iotcentral-device-id': 'pulse-oximeter-1' });
  }
});

test('an ECG patch sends ten seconds at a time, each strip with an id of its own', () => {
  const patch = device('ecg-patch');
  const [first, second] = [patch.event(at), patch.event(new Date(at.getTime() + 10_000))].map(bodyOf) as {
    stripId: string;
    startedAt: number;
    ecg: [number, number][];
  }[];
  expect(first!.startedAt).toBe(at.getTime() - 10_000);
  expect(first!.ecg).toHaveLength(2500);
  expect(first!.ecg.at(-1)?.[0]).toBe(9996);
  expect(second!.stripId).not.toBe(first!.stripId);
});

test('a wristband is put on and taken off in turns', () => {
  const band = device('wristband');
  const states = [1, 2, 3].map(() => (bodyOf(band.event(at)) as { wearState: string }).wearState);
  expect(states).toEqual(['worn', 'removed', 'worn']);
});

test('unregistered devices are of every kind in turn, and none has the id of a registered one', () => {
  const count = 2 * samples.length + 1;
  const strangers = unregisteredDevices(count, () => 0.5).map(({ deviceId }) => deviceId);
  expect(new Set(strangers).size).toBe(count);
  expect(strangers.slice(0, 2)).toEqual(['unregistered-heart-rate-monitor-1', 'unregistered-pulse-oximeter-1']);
  const registered = new Set(simulatedDevices(3, () => 0.5).map(({ deviceId }) => deviceId));
  expect(strangers.filter((id) => registered.has(id))).toEqual([]);
});

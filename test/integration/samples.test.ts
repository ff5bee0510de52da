import { EventHubProducerClient } from '@azure/event-hubs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import type { SystemStatus } from '../../cli/status.ts';
import { FAULT_NAMES } from '../../config/simulated-faults.ts';
import type { DeadLetter } from '../../core/dead-letter.ts';
import type { EcgSample } from '../../sandbox/simulator/ecg-strip.ts';
import { simulatedDevices } from '../../sandbox/simulator/devices.ts';
import type { SimulatedEvent } from '../../sandbox/simulator/faulty-delivery.ts';
import { registerDevices } from '../../sandbox/simulator/register-devices.ts';
import { sendEvents } from '../../sandbox/simulator/send-events.ts';
import { createSimulation } from '../../sandbox/simulator/simulation.ts';
import { createDeadLetters } from '../../stores/dead-letters.ts';
import { storeOf } from '../../stores/store-of.ts';
import { readEvents, retryOptions } from '../support/event-hubs-reader.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

const START = Date.UTC(2026, 0, 5, 12);
const INTERVAL_MS = 5000;

/** The same numbers every time, so that every run meets the same faults. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

interface Body {
  readonly measuredAt?: string;
  readonly enqueuedTime?: string;
  readonly startedAt?: number;
  readonly heartRate?: number;
  readonly bloodPressure?: { readonly systolic: number; readonly diastolic: number };
  readonly stepsToday?: number;
  readonly bodyTemperature?: number;
  readonly telemetry?: { readonly oxygenSaturation: number };
  readonly respiratoryRate?: number;
  readonly bodyWeight?: number;
  readonly wearState?: string;
  readonly ecg?: readonly EcgSample[];
}

const bodyOf = ({ message }: SimulatedEvent): Body => JSON.parse(String(message.body)) as Body;

/** What the device says when it measured, in ms: where it stands differs with the way to the hub. */
function measuredAt(event: SimulatedEvent): number {
  const { measuredAt: own, enqueuedTime, startedAt } = bodyOf(event);
  const creationTime = event.message.applicationProperties?.['iothub-creation-time-utc'] as string | undefined;
  return startedAt ?? Date.parse(own ?? enqueuedTime ?? creationTime ?? '');
}

/** An Observation in a line: `scale-1 bodyWeight 2026-01-05T12:00:00.000Z 74.3`. */
const line = (deviceId: string, type: string, startMs: number, value: string | number): string =>
  [deviceId, type, new Date(startMs).toISOString(), value].join(' ');

/** The Observations that readings are to become, straight from the bodies: no template has a hand in it. */
function expectedLines(events: readonly SimulatedEvent[]): string[] {
  const byDevice = Map.groupBy(events, ({ device }) => device.deviceId);
  const lines = [...byDevice].flatMap(([deviceId, own]) => {
    const readings = own.toSorted((a, b) => measuredAt(a) - measuredAt(b));
    return [
      ...readings.flatMap((event) => singleLine(deviceId, measuredAt(event), bodyOf(event))),
      ...hourlyLine(deviceId, readings),
      ...dailyLine(deviceId, readings),
    ];
  });
  return [...new Set(lines)].sort();
}

function singleLine(deviceId: string, at: number, body: Body): string[] {
  const { heartRate, bloodPressure, bodyTemperature, telemetry, respiratoryRate, bodyWeight, wearState, ecg } = body;
  const of = (type: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [line(deviceId, type, at, value)];
  return [
    ...of('heartRate', heartRate),
    ...of('bloodPressure', bloodPressure && `${bloodPressure.systolic}/${bloodPressure.diastolic}`),
    ...of('bodyTemperature', bodyTemperature),
    ...of('oxygenSaturation', telemetry?.oxygenSaturation),
    ...of('respiratoryRate', respiratoryRate),
    ...of('bodyWeight', bodyWeight),
    ...(wearState === 'worn' ? of('deviceWorn', 'Device worn, left wrist') : []),
    ...(wearState === 'removed' ? of('deviceRemoved', 'Device removed, left wrist') : []),
    ...of('ecg', ecg?.map(([, millivolts]) => millivolts).join(' ')),
  ];
}

/** All of a test's readings of a device lie in one hour and one day. */
function hourlyLine(deviceId: string, readings: readonly SimulatedEvent[]): string[] {
  const rates = readings.filter((event) => bodyOf(event).heartRate !== undefined);
  if (rates[0] === undefined) return [];
  const hour = new Date(measuredAt(rates[0])).setUTCMinutes(0, 0, 0);
  const slots = Array.from({ length: 720 }, () => 'E');
  for (const event of rates) slots[(measuredAt(event) - hour) / 5000] = String(bodyOf(event).heartRate);
  return [line(deviceId, 'heartRateHourly', hour, slots.join(' '))];
}

function dailyLine(deviceId: string, readings: readonly SimulatedEvent[]): string[] {
  const last = readings.findLast((event) => bodyOf(event).stepsToday !== undefined);
  if (last === undefined) return [];
  return [line(deviceId, 'steps', new Date(measuredAt(last)).setUTCHours(0, 0, 0, 0), bodyOf(last).stepsToday ?? 0)];
}

function linesOf(observations: readonly Observation[]): string[] {
  return observations
    .map((observation) => {
      const { device, code, effectiveDateTime, effectivePeriod } = observation;
      const deviceId = device?.reference?.replace('Device/', '') ?? '';
      const start = Date.parse(effectiveDateTime ?? effectivePeriod?.start ?? '');
      return line(deviceId, code.text ?? '', start, valueOf(observation));
    })
    .sort();
}

function valueOf({ valueQuantity, valueSampledData, valueCodeableConcept, component }: Observation): string | number {
  const parts = component?.map((part) => part.valueQuantity?.value ?? part.valueString ?? '') ?? [];
  if (valueCodeableConcept !== undefined) return [valueCodeableConcept.text, ...parts].join(', ');
  return valueQuantity?.value ?? valueSampledData?.data ?? parts.join('/');
}

/** What a letter keeps: the body of an event that could not be read, else the place and time of each measurement. */
function deadNames({ event, measurements = [] }: DeadLetter): string[] {
  if (event !== undefined) return [Buffer.from(event.body, 'base64').toString()];
  return measurements.map(({ deviceId, occurrenceTimeUtc }) => nameAt(deviceId, Date.parse(occurrenceTimeUtc)));
}

/** The same of an event: a strip fails as a whole, other readings one by one where the body is JSON at all. */
function spoiltName(event: SimulatedEvent): string {
  const text = String(event.message.body);
  const isRead = isJson(text) && !text.includes('"ecg"');
  return isRead ? nameAt(event.device.deviceId, measuredAt(event)) : text;
}

const nameAt = (deviceId: string, at: number): string => `${deviceId} ${new Date(at).toISOString()}`;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // that is the question
  }
}

describe('simulated devices', () => {
  let system: LocalSystem;
  let producer: EventHubProducerClient;

  beforeEach(async () => {
    system = await LocalSystem.start();
    const { eventHubConnectionString = '', eventHubName } = system.config;
    producer = new EventHubProducerClient(eventHubConnectionString, eventHubName, { retryOptions });
  });

  afterEach(async () => {
    await producer.close();
    await system.stop();
  });

  const send = async (events: readonly SimulatedEvent[]): Promise<void> => {
    expect(await sendEvents(producer, events)).toEqual([]);
  };

  /** Waits until nothing is on its way, held or waiting, and every measurement has come to its end. */
  async function settled(eventCount: number): Promise<SystemStatus> {
    return await eventually(async () => {
      const status = await system.status();
      expect(status.ledgers.events).toBe(eventCount);
      expect({ held: status.workflows.held, onTheWay: status.onTheWay }).toEqual({ held: 0, onTheWay: 0 });
      const { written, superseded, withoutValue, deadLettered } = status.workflows.outcomes;
      expect(written + superseded + withoutValue + deadLettered).toBe(status.ledgers.measurements);
      return status;
    });
  }

  test('reach the hub in order, whatever their shape, and with what the services on the way say of them', async () => {
    const devices = simulatedDevices(4, seeded(1));
    const rounds = [0, 1, 2].map((round) =>
      devices.map((device): SimulatedEvent => {
        const at = new Date(START + round * INTERVAL_MS);
        return { device, at, message: device.event(at), isMalformed: false };
      }),
    );
    for (const events of rounds) await send(events);

    const { eventHubConnectionString: connectionString = '', eventHubName: hub } = system.config;
    const read = await readEvents({ connectionString, hub, count: 3 * devices.length });
    const byDevice = Map.groupBy(read, ({ partitionKey }) => partitionKey);
    expect([...byDevice.keys()].sort()).toEqual(devices.map(({ deviceId }) => deviceId).sort());
    for (const [index, { deviceId }] of devices.entries()) {
      const own = byDevice.get(deviceId) ?? [];
      expect(new Set(own.map(({ partitionId }) => partitionId)).size).toBe(1);
      const sent = rounds.map((events) => String(events[index]?.message.body));
      expect(own.map(({ body }) => JSON.stringify(body))).toEqual(sent);
    }
    expect(new Set(read.map(({ partitionId }) => partitionId)).size).toBe(2);
    const behindIotHub = byDevice.get('thermometer-1')?.[0]?.getRawAmqpMessage();
    expect(behindIotHub?.messageAnnotations).toMatchObject({
      'iothub-connection-device-id': 'thermometer-1',
      'iothub-enqueuedtime': new Date(START),
    });
  });

  test('have their events become the Observations of their samples, a strip of 2500 samples one of them', async () => {
    const devices = simulatedDevices(1, seeded(1));
    await registerDevices(system.fhir.baseUrl, devices);
    await system.startWorker();
    await system.startBridge();
    const events = devices.flatMap((device) =>
      [0, 1, 2].map((n): SimulatedEvent => {
        const at = new Date(START + n * device.everyIntervals * INTERVAL_MS);
        return { device, at, message: device.event(at), isMalformed: false };
      }),
    );
    await send(events);

    const expected = expectedLines(events);
    expect(expected.filter((each) => each.includes(' ecg ')).map((each) => each.split(' ').length)).toEqual([
      2503, 2503, 2503,
    ]);
    const status = await settled(events.length);
    expect(linesOf(await system.observations())).toEqual(expected);
    expect(status).toMatchObject({ ledgers: { unmatched: 0, deadLettered: 0 }, deadLetterCount: 0, waiting: [] });
  });

  test('that misbehave in every way lose nothing but what is spoilt', async () => {
    const faults = Object.fromEntries(FAULT_NAMES.map((name) => [name, 0.2]));
    const registered = simulatedDevices(1, seeded(1));
    const simulation = createSimulation({ devices: registered, faults, random: seeded(7) });
    await registerDevices(system.fhir.baseUrl, registered);
    await system.startWorker();
    await system.startBridge();
    const sent: SimulatedEvent[] = [];
    const sendNext = async (events: readonly SimulatedEvent[]): Promise<void> => {
      await send(events);
      sent.push(...events);
    };
    for (let i = 0; i < 30; i++) await sendNext(simulation.due(new Date(START + i * INTERVAL_MS)));
    await sendNext(simulation.rest());
    const spoilt = sent.filter(({ isMalformed }) => isMalformed);
    const readable = sent.filter(({ isMalformed }) => !isMalformed);
    const isOwn = ({ device }: SimulatedEvent): boolean => registered.includes(device);
    expect(new Set(readable).size).toBeLessThan(readable.length);

    await eventually(async () => {
      expect(linesOf(await system.observations())).toEqual(expectedLines(readable.filter(isOwn)));
      const { waiting } = await system.status();
      expect(waiting.length).toBeGreaterThan(0);
      expect(waiting.filter(({ workflowId }) => !workflowId.includes('unregistered'))).toEqual([]);
    });
    await registerDevices(system.fhir.baseUrl, simulation.strangers);
    const status = await settled(sent.length);
    expect(linesOf(await system.observations())).toEqual(expectedLines(readable));
    expect(status.ledgers.unmatched).toBe(0);
    const letters = await createDeadLetters(await storeOf(system.config), system.config.deployment).list();
    expect(new Set(letters.flatMap(deadNames))).toEqual(new Set(spoilt.map(spoiltName)));
  });
});

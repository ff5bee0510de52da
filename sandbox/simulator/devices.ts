import type { AmqpMessage, EventSource, JsonBody } from './device-event.ts';
import { iotCentralEvent, iotHubEvent, ownEvent } from './device-event.ts';
import { ecgStrip, STRIP_MS } from './ecg-strip.ts';
import type { Body, Random } from './physiology.ts';
import { createBody } from './physiology.ts';

/** A simulated device: what it is called, whose it is, and what it sends when its time comes. */
export interface SimulatedDevice {
  readonly deviceId: string;
  readonly patientId: string;
  /** For people. */
  readonly deviceName: string;
  readonly patientName: { readonly given: string; readonly family: string };
  /** An event is due every so many intervals of the simulation. */
  readonly everyIntervals: number;
  /** @param deviceTime what the device's clock shows, where that is not the time it is */
  event(at: Date, deviceTime?: Date): AmqpMessage;
}

interface DeviceKind {
  readonly prefix: string;
  readonly name: string;
  readonly everyIntervals: number;
  /** Makes what a device of this kind sends; called once for each device, which may remember things. */
  readonly eventOf: (body: Body, random: Random) => (source: EventSource) => AmqpMessage;
}

/** One for each sample in `templates/samples/`. */
const KINDS: readonly DeviceKind[] = [
  {
    prefix: 'heart-rate-monitor',
    name: 'Heart rate monitor',
    everyIntervals: 1,
    eventOf: (body) => (source) => reading(source, { heartRate: body.heartRate(source.at) }),
  },
  {
    prefix: 'pulse-oximeter',
    name: 'Pulse oximeter',
    everyIntervals: 2,
    eventOf: (body) => (source) => iotCentralEvent(source, { oxygenSaturation: body.oxygenSaturation() }),
  },
  {
    prefix: 'respiration-belt',
    name: 'Respiration belt',
    everyIntervals: 3,
    eventOf: (body) => (source) => reading(source, { respiratoryRate: body.respiratoryRate(source.at) }),
  },
  {
    prefix: 'blood-pressure-cuff',
    name: 'Blood pressure cuff',
    everyIntervals: 6,
    eventOf: (body) => (source) => reading(source, { bloodPressure: body.bloodPressure(source.at) }),
  },
  {
    prefix: 'step-counter',
    name: 'Step counter',
    everyIntervals: 12,
    eventOf: (body) => (source) => reading(source, { stepsToday: body.stepsToday(source.at) }),
  },
  {
    prefix: 'thermometer',
    name: 'Thermometer',
    everyIntervals: 36,
    eventOf: (body) => (source) => iotHubEvent(source, { bodyTemperature: body.temperature(source.at) }),
  },
  {
    prefix: 'ecg-patch',
    name: 'ECG patch',
    everyIntervals: 60,
    eventOf: (body, random) => (source) => {
      const startedAt = source.deviceTime.getTime() - STRIP_MS;
      const stripId = `${source.deviceId}-${startedAt}`;
      return ownEvent(source, { stripId, startedAt, ecg: ecgStrip(body.heartRate(source.at), random) });
    },
  },
  {
    prefix: 'scale',
    name: 'Scale',
    everyIntervals: 120,
    eventOf: (body) => (source) => reading(source, { bodyWeight: body.weight(source.at), unit: 'kg' }),
  },
  {
    prefix: 'wristband',
    name: 'Wristband',
    everyIntervals: 120,
    eventOf: () => {
      let isWorn = false;
      return (source) => {
        isWorn = !isWorn;
        return reading(source, { wearState: isWorn ? 'worn' : 'removed', site: 'left wrist' });
      };
    },
  },
];

const GIVEN_NAMES = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gita', 'Hugo'];

/** So many patients, each with one device of every kind. The people are made up. */
export function simulatedDevices(patientCount: number, random: Random): SimulatedDevice[] {
  return Array.from({ length: patientCount }, (_, index) => {
    const body = createBody(random);
    return KINDS.map((kind) => deviceOf(kind, index, body, random));
  }).flat();
}

/** So many devices that nobody has registered, of one kind after the other: `unregistered-scale-1`. */
export function unregisteredDevices(count: number, random: Random): SimulatedDevice[] {
  const rounds = Array.from({ length: Math.ceil(count / KINDS.length) }, (_, index) => index);
  const devices = rounds.flatMap((index) =>
    KINDS.map((kind) => {
      const unregistered = { ...kind, prefix: `unregistered-${kind.prefix}` };
      return deviceOf(unregistered, index, createBody(random), random);
    }),
  );
  return devices.slice(0, count);
}

function deviceOf(kind: DeviceKind, patientIndex: number, body: Body, random: Random): SimulatedDevice {
  const number = patientIndex + 1;
  const deviceId = `${kind.prefix}-${number}`;
  const event = kind.eventOf(body, random);
  return {
    deviceId,
    patientId: `simulated-patient-${number}`,
    deviceName: `${kind.name} ${number}`,
    patientName: {
      given: GIVEN_NAMES[patientIndex % GIVEN_NAMES.length] ?? 'Sam',
      family: `Simulated-${number}`,
    },
    everyIntervals: kind.everyIntervals,
    event: (at, deviceTime = at) => event({ deviceId, at, deviceTime }),
  };
}

function reading(source: EventSource, values: JsonBody): AmqpMessage {
  return ownEvent(source, { measuredAt: source.deviceTime.toISOString(), ...values });
}

import type { Body, Random } from './physiology.ts';
import { createBody } from './physiology.ts';

/** A simulated device: what it is called, whose it is, and what it says when its time comes. */
export interface SimulatedDevice {
  readonly deviceId: string;
  readonly patientId: string;
  /** For people. */
  readonly deviceName: string;
  readonly patientName: { readonly given: string; readonly family: string };
  /** A message is due every so many intervals of the simulation. */
  readonly everyIntervals: number;
  message(at: Date): Readonly<Record<string, unknown>>;
}

const KINDS = [
  {
    prefix: 'heart-rate-monitor',
    name: 'Heart rate monitor',
    everyIntervals: 1,
    reading: (body: Body, at: Date) => ({ heartRate: body.heartRate(at) }),
  },
  {
    prefix: 'blood-pressure-cuff',
    name: 'Blood pressure cuff',
    everyIntervals: 6,
    reading: (body: Body, at: Date) => ({ bloodPressure: body.bloodPressure(at) }),
  },
  {
    prefix: 'step-counter',
    name: 'Step counter',
    everyIntervals: 12,
    reading: (body: Body, at: Date) => ({ stepsToday: body.stepsToday(at) }),
  },
] as const;

const GIVEN_NAMES = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gita', 'Hugo'];

/** So many patients, each with one device of every kind. The people are made up. */
export function simulatedDevices(patientCount: number, random: Random): SimulatedDevice[] {
  return Array.from({ length: patientCount }, (_, i) => devicesOfPatient(i, createBody(random))).flat();
}

function devicesOfPatient(index: number, body: Body): SimulatedDevice[] {
  const number = index + 1;
  const given = GIVEN_NAMES[index % GIVEN_NAMES.length] ?? 'Sam';
  return KINDS.map(({ prefix, name, everyIntervals, reading }) => ({
    deviceId: `${prefix}-${number}`,
    patientId: `simulated-patient-${number}`,
    deviceName: `${name} ${number}`,
    patientName: { given, family: `Simulated-${number}` },
    everyIntervals,
    message: (at) => ({ deviceId: `${prefix}-${number}`, measuredAt: at.toISOString(), ...reading(body, at) }),
  }));
}

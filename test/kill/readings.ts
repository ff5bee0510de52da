/** A device of the kill test and its one patient; registered under these ids, which are their identifiers too. */
export interface TestDevice {
  readonly deviceId: string;
  readonly patientId: string;
  readonly kind: 'heart-rate' | 'blood-pressure';
  /** Readings of one message and time between two; a hot device sends more than the others together. */
  readonly batchSize: number;
  readonly everyMs: number;
  /** From 1; the first digits of its values. */
  readonly number: number;
}

export interface Reading {
  readonly device: TestDevice;
  /** From 0, of its device. */
  readonly number: number;
  /** Milliseconds since 1970; each reading of a device has an instant of its own. */
  readonly at: number;
}

/** What a reading must be in FHIR, and what an Observation is found to hold: one value of one type at one instant. */
export interface Fact {
  readonly type: string;
  readonly patientId: string;
  readonly deviceId: string;
  readonly at: number;
  readonly value: string;
}

/** Step of the sample's hourly stream: readings so far apart have each a slot of their own. */
const SLOT_MS = 5000;
const HOUR_MS = 3_600_000;

export const DEVICES: readonly TestDevice[] = [
  monitor(1, { batchSize: 5, everyMs: 400 }),
  monitor(2, { batchSize: 1, everyMs: 900 }),
  monitor(3, { batchSize: 1, everyMs: 1100 }),
  cuff(4, { batchSize: 1, everyMs: 700 }),
  cuff(5, { batchSize: 1, everyMs: 1300 }),
];

/** Signals of this one pile up first. */
export const HOT_DEVICE = 'monitor-1';

function monitor(number: number, pace: Pick<TestDevice, 'batchSize' | 'everyMs'>): TestDevice {
  return { deviceId: `monitor-${number}`, patientId: `patient-${number}`, kind: 'heart-rate', number, ...pace };
}

function cuff(number: number, pace: Pick<TestDevice, 'batchSize' | 'everyMs'>): TestDevice {
  return { deviceId: `cuff-${number}`, patientId: `patient-${number}`, kind: 'blood-pressure', number, ...pace };
}

/**
 * Monitors send what they have kept since yesterday, a slot a reading; cuffs send what they measure now. So one kind is
 * assigned by the device's history and the other by its present patient.
 */
export function readingOf(device: TestDevice, number: number, previousAt: number | undefined, now: number): Reading {
  const yesterday = Math.floor(now / HOUR_MS) * HOUR_MS - 24 * HOUR_MS;
  const next = previousAt === undefined ? yesterday : previousAt + SLOT_MS;
  const at = device.kind === 'heart-rate' ? next : Math.max(now, (previousAt ?? 0) + 1);
  return { device, number, at };
}

/** No two readings of a run have the same value: one that is found in a wrong place is known by it. */
function valueOf({ device, number }: Reading): number {
  return device.number * 100_000 + number;
}

/** How far the diastolic value is from the systolic. */
const DIASTOLIC = 50_000;

/** The body of its message, as the samples read it. */
export function messageOf(reading: Reading): string {
  const { deviceId, kind } = reading.device;
  const value = valueOf(reading);
  const values =
    kind === 'heart-rate' ? { heartRate: value } : { bloodPressure: { systolic: value, diastolic: value + DIASTOLIC } };
  return JSON.stringify({ deviceId, measuredAt: new Date(reading.at).toISOString(), ...values });
}

/** What must be in FHIR once for this reading. */
export function factsOf(reading: Reading): Fact[] {
  const { at, device } = reading;
  const { deviceId, patientId, kind } = device;
  const value = valueOf(reading);
  const fact = (type: string, text: string): Fact => ({ type, patientId, deviceId, at, value: text });
  switch (kind) {
    case 'heart-rate':
      return [fact('heartRate', String(value)), fact('heartRateHourly', String(value))];
    case 'blood-pressure':
      return [fact('bloodPressure', `systolic ${value}, diastolic ${value + DIASTOLIC}`)];
  }
}

import type { Measurement } from '../core/measurement.ts';

/** A delivery that becomes one Observation, with the mapping of its type. */
export interface Delivery {
  readonly name: string;
  /** Of a `CodeValueFhir`. */
  readonly template: MappingTemplate;
  readonly measurements: readonly Measurement[];
  /** What the server holds already. */
  readonly earlier: readonly Measurement[];
}

/** The parts of a mapping template that these workloads use, as it is written. */
export interface MappingTemplate {
  readonly typeName: string;
  readonly periodInterval: -1 | 0 | 60 | 1440;
  readonly codes: readonly object[];
  readonly category: readonly { readonly text?: string; readonly codes: readonly object[] }[];
  readonly value?: MappedValue;
  readonly components?: readonly { readonly codes: readonly object[]; readonly value: MappedValue }[];
}

export interface MappedValue {
  readonly valueType: 'SampledData' | 'Quantity';
  readonly valueName: string;
  readonly defaultPeriod?: number;
  readonly unit: string;
  readonly system?: string;
  readonly code?: string;
}

const UCUM = 'http://unitsofmeasure.org';
const START = Date.UTC(2024, 2, 1, 8);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function deliveries(): Delivery[] {
  const bpm = { unit: 'count/min', system: UCUM, code: '/min' };
  const single = template('heartRate', 0, { valueType: 'Quantity', ...bpm });
  const every5s = template('heartRate', 60, { valueType: 'SampledData', defaultPeriod: 5000, unit: 'count/min' });
  const everySecond = template('heartRate', 60, { valueType: 'SampledData', defaultPeriod: 1000, unit: 'count/min' });
  const everyMinute = template('steps', 1440, { valueType: 'SampledData', defaultPeriod: 60_000, unit: '{steps}' });
  const strip = template('ecg', -1, { valueType: 'SampledData', defaultPeriod: 4, unit: 'mV' });
  const hour = series(everySecond, 0, HOUR_MS, 1000);
  const window = series(everySecond, 30 * MINUTE_MS, 35 * MINUTE_MS, 1000);
  return [
    delivery('one Quantity, created', single, series(single, 0, 1, 1)),
    delivery('blood pressure, created', BLOOD_PRESSURE, [bloodPressure()]),
    delivery('5 minutes at 5 s, created', every5s, series(every5s, 0, 5 * MINUTE_MS, 5000)),
    delivery('hour at 1 Hz, created', everySecond, hour),
    delivery('5 minutes at 1 Hz, into half an hour', everySecond, window, series(everySecond, 0, 30 * MINUTE_MS, 1000)),
    delivery('5 minutes at 1 Hz, into the hour that has them', everySecond, window, hour),
    delivery('ECG strip of 2,500, created', strip, series(strip, 123, 10_123, 4)),
    delivery('day at one a minute, created', everyMinute, series(everyMinute, -8 * HOUR_MS, 16 * HOUR_MS, MINUTE_MS)),
    delivery(
      '5 minutes at one a minute, into 8 hours',
      everyMinute,
      series(everyMinute, 0, 5 * MINUTE_MS, MINUTE_MS),
      series(everyMinute, -8 * HOUR_MS, 0, MINUTE_MS),
    ),
  ];
}

function delivery(
  name: string,
  template: MappingTemplate,
  measurements: readonly Measurement[],
  earlier: readonly Measurement[] = [],
): Delivery {
  return { name, template, measurements, earlier };
}

const VITAL_SIGNS = {
  text: 'Vital signs',
  codes: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }],
};
const loinc = (code: string, display: string): object => ({ system: 'http://loinc.org', code, display });

function template(
  typeName: string,
  periodInterval: MappingTemplate['periodInterval'],
  value: Omit<MappedValue, 'valueName'>,
): MappingTemplate {
  const codes = [loinc('8867-4', 'Heart rate')];
  return { typeName, periodInterval, codes, category: [VITAL_SIGNS], value: { valueName: typeName, ...value } };
}

const MM_HG = { valueType: 'Quantity', unit: 'mmHg', system: UCUM, code: 'mm[Hg]' } as const;
const BLOOD_PRESSURE: MappingTemplate = {
  typeName: 'bloodPressure',
  periodInterval: 0,
  codes: [loinc('85354-9', 'Blood pressure panel')],
  category: [VITAL_SIGNS],
  components: [
    { codes: [loinc('8480-6', 'Systolic')], value: { valueName: 'systolic', ...MM_HG } },
    { codes: [loinc('8462-4', 'Diastolic')], value: { valueName: 'diastolic', ...MM_HG } },
  ],
};

function bloodPressure(): Measurement {
  return measurement('bloodPressure', 0, [
    { name: 'systolic', value: '124' },
    { name: 'diastolic', value: '81' },
  ]);
}

/** @param fromMs after the start, as `beforeMs`, which is no longer in it */
function series({ typeName }: MappingTemplate, fromMs: number, beforeMs: number, everyMs: number): Measurement[] {
  return Array.from({ length: Math.ceil((beforeMs - fromMs) / everyMs) }, (_, index) => {
    const atMs = fromMs + index * everyMs;
    const value = (70 + 10 * Math.sin(atMs / everyMs / 20)).toFixed(1);
    return measurement(typeName, atMs, [{ name: typeName, value }]);
  });
}

function measurement(type: string, atMs: number, properties: Measurement['properties']): Measurement {
  return {
    type,
    deviceId: 'watch-0123456789',
    correlationId: 'strip-17',
    occurrenceTimeUtc: instant(atMs),
    ingestionTimeUtc: instant(atMs + 1500),
    properties,
  };
}

/** As normalization writes it. */
function instant(atMs: number): string {
  return new Date(START + atMs).toISOString().replace('.000Z', 'Z');
}

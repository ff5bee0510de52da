import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../core/device-message.ts';

/** A collection of templates, and an event that it takes measurements from. */
export interface Workload {
  readonly name: string;
  /** The device content file. */
  readonly content: string;
  readonly body: Uint8Array;
  readonly properties: JsonObject;
  readonly systemProperties: JsonObject;
}

const SAMPLES = join(import.meta.dirname, '../templates/samples');
const TYPES = [
  'heartRate',
  'steps',
  'oxygenSaturation',
  'temperature',
  'weight',
  'respiratoryRate',
  'glucose',
  'systolic',
  'diastolic',
  'variability',
];
/** One of them is measured. */
const FIFTY_TYPES = ['heartRate', ...Array.from({ length: 49 }, (_, index) => `reading${index}`)];

const ONE_READING = {
  deviceId: 'device-0123456789',
  endDate: '2024-03-01T08:15:30.123Z',
  heartRate: 72,
  unit: 'bpm',
  quality: 0.98,
  source: 'watch',
  firmware: '1.2.3',
};
const TEN_READINGS = {
  deviceId: 'device-1',
  readings: Array.from({ length: 10 }, (_, index) => ({
    endDate: `2024-03-01T08:15:3${index}.123Z`,
    heartRate: 72 + index,
  })),
};
const STRIP = {
  deviceId: 'patch-1',
  stripId: 'patch-1-17',
  startedAt: 1709280930000,
  ecg: Array.from({ length: 2500 }, (_, index) => [index * 4, Math.round(Math.sin(index / 20) * 1000) / 1000]),
};

export function workloads(): Workload[] {
  return [
    workload('10 templates, 1 reading', collection(TYPES, jsonPathTemplate), ONE_READING),
    workload('10 templates, 10 readings', collection(TYPES, jsonPathTemplate), TEN_READINGS),
    workload('10 templates in JMESPath, 1 reading', collection(TYPES, jmesPathTemplate), ONE_READING),
    workload('50 templates, 1 reading', collection(FIFTY_TYPES, jsonPathTemplate), ONE_READING),
    ...readdirSync(SAMPLES).map(sample),
    workload('sample ecg, a strip of 2,500', sampleFile('ecg', 'devicecontent.json'), STRIP),
  ];
}

function workload(
  name: string,
  content: string,
  body: unknown,
  { properties = {}, systemProperties = HUB_PROPERTIES }: Partial<Workload> = {},
): Workload {
  return { name, content, body: new TextEncoder().encode(JSON.stringify(body)), properties, systemProperties };
}

/** What the hub adds to every event. */
const HUB_PROPERTIES = {
  'x-opt-sequence-number': 12,
  'x-opt-offset': '1234',
  'x-opt-enqueued-time': '2024-03-01T08:15:31Z',
};

function collection(types: readonly string[], template: (typeName: string) => object): string {
  const elements = types.map((type) => ({ templateType: 'CalculatedContent', template: template(type) }));
  return JSON.stringify({ templateType: 'CollectionContent', template: elements });
}

function jsonPathTemplate(typeName: string): object {
  return {
    typeName,
    typeMatchExpression: `$..[?(@${typeName})]`,
    deviceIdExpression: '$.Body.deviceId',
    timestampExpression: '$.matchedToken.endDate',
    values: [{ valueName: typeName, valueExpression: `$.matchedToken.${typeName}`, required: true }],
  };
}

function jmesPathTemplate(typeName: string): object {
  return {
    typeName,
    defaultExpressionLanguage: 'JmesPath',
    typeMatchExpression: `Body.${typeName} && to_array(Body)[]`,
    deviceIdExpression: 'Body.deviceId',
    timestampExpression: 'matchedToken.endDate',
    values: [{ valueName: typeName, valueExpression: `matchedToken.${typeName}`, required: true }],
  };
}

/** A sample with the message of its first case. */
function sample(name: string): Workload {
  const [first] = JSON.parse(sampleFile(name, 'cases.json')) as { message: Record<string, JsonObject> }[];
  const { Body, Properties, SystemProperties } = first?.message ?? {};
  return workload(`sample ${name}`, sampleFile(name, 'devicecontent.json'), Body, {
    properties: Properties ?? {},
    systemProperties: { ...HUB_PROPERTIES, ...SystemProperties },
  });
}

function sampleFile(sample: string, file: string): string {
  return readFileSync(join(SAMPLES, sample, file), 'utf8');
}

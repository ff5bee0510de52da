import { createHash } from 'node:crypto';
import type { CodeableConcept, Observation, ObservationComponent, SampledData } from 'fhir/r4.js';
import type { Measurement } from '../core/measurement.ts';
import type { MappedValue, MappingTemplate } from './transform-workloads.ts';

const SYSTEM = 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/';
const SOURCE_TIME = 'urn:iomt-fhir-connector-temporal:source-time';
const HOUR_MS = 3_600_000;

interface Point {
  readonly at: number;
  readonly value: string;
  readonly ingestedAt: string;
}

interface Period {
  readonly start: number;
  readonly end: number;
}

/**
 * What somebody would write in an hour: `Date` for times, `JSON` for resources, and samples laid into their slots as the
 * original does it. Milliseconds, one Observation from a batch, decimals as JavaScript has them, nothing judged or
 * checked; enough to give the same Observations for the deliveries measured here.
 *
 * @param storedText what the server answered, if it has the Observation
 * @returns what is to be written; undefined when nothing has changed
 */
export function naiveTransform(
  template: MappingTemplate,
  ids: { readonly device: string; readonly patient: string },
  measurements: readonly Measurement[],
  storedText: string | undefined,
  issued: string,
): string | undefined {
  const period = periodOf(template, measurements);
  if (storedText !== undefined) return merged(template, measurements, storedText, period);
  const { typeName } = template;
  const value = `${ids.patient}.${ids.device}.${typeName}.${segmentOf(template, measurements, period)}`;
  const component = (template.components ?? []).map((part): ObservationComponent => {
    return { code: concept(part.codes, part.value.valueName), ...valueOf(part.value, measurements, period) };
  });
  return JSON.stringify({
    resourceType: 'Observation',
    id: createHash('sha256').update(`${SYSTEM}_${value}`).digest('hex'),
    identifier: [{ system: SYSTEM, value }],
    status: 'final',
    category: categoryOf(template),
    code: concept(template.codes, typeName),
    subject: { reference: `Patient/${ids.patient}` },
    effectivePeriod: periodElement(period),
    issued,
    device: { reference: `Device/${ids.device}` },
    ...(template.value && valueOf(template.value, measurements, period)),
    ...(component.length > 0 && { component }),
  });
}

function merged(
  { value }: MappingTemplate,
  measurements: readonly Measurement[],
  storedText: string,
  period: Period,
): string | undefined {
  const stored = JSON.parse(storedText) as Observation;
  const start = Date.parse(stored.effectivePeriod?.start ?? '');
  // The last millisecond of a period is cut to its beginning, where the last slot has begun too.
  const end = Date.parse(stored.effectivePeriod?.end ?? '');
  const held = stored.valueSampledData;
  if (value === undefined || held === undefined) return undefined;
  const old = readSamples(held, start);
  const points = mergeSorted(old, pointsOf(value, measurements));
  const whole = { start: Math.min(start, period.start), end: Math.max(end, period.end) };
  const data = slots(points, whole, held.period);
  const isExtended = whole.start < start || whole.end > end;
  if (data === held.data && !isExtended) return undefined;
  const effectivePeriod = periodElement(whole);
  return JSON.stringify({ ...stored, status: 'amended', effectivePeriod, valueSampledData: { ...held, data } });
}

function valueOf(template: MappedValue, measurements: readonly Measurement[], period: Period) {
  const points = pointsOf(template, measurements);
  if (template.valueType === 'SampledData') {
    const { defaultPeriod = Number.NaN, unit } = template;
    const data = slots(points, period, defaultPeriod);
    return { valueSampledData: { origin: { value: 0, unit }, period: defaultPeriod, dimensions: 1, data } };
  }
  const { at = Number.NaN, value, ingestedAt = '' } = points.at(-1) ?? {};
  const extension = [
    { url: 'occurrence', valueInstant: sevenDigits(at) },
    { url: 'ingestion', valueInstant: sevenDigits(Date.parse(ingestedAt)) },
  ];
  const { unit, system, code } = template;
  return { valueQuantity: { extension: [{ url: SOURCE_TIME, extension }], value: Number(value), unit, system, code } };
}

function pointsOf({ valueName }: MappedValue, measurements: readonly Measurement[]): Point[] {
  const points = measurements.flatMap(({ occurrenceTimeUtc, ingestionTimeUtc, properties }) => {
    const property = properties.find(({ name }) => name === valueName);
    const at = Date.parse(occurrenceTimeUtc);
    return property === undefined ? [] : [{ at, value: property.value, ingestedAt: ingestionTimeUtc }];
  });
  return points.sort((a, b) => a.at - b.at);
}

/** Of the original, as it is. */
function slots(points: readonly Point[], { start, end }: Period, stepMs: number): string {
  const tokens: string[] = [];
  let next = 0;
  for (let slot = start; slot <= end; slot += stepMs) {
    let value: string | undefined;
    for (let point = points[next]; point && slot <= point.at && point.at < slot + stepMs; point = points[++next])
      value = point.value;
    tokens.push(value ?? 'E');
  }
  return tokens.join(' ');
}

function readSamples({ data = '', period }: SampledData, start: number): Point[] {
  const points = data.split(' ').map((value, slot) => ({ at: start + slot * period, value, ingestedAt: '' }));
  return points.filter(({ value }) => value !== 'E');
}

/** At an equal time the new replaces the old. */
function mergeSorted(old: readonly Point[], added: readonly Point[]): Point[] {
  const byTime = new Map([...old, ...added].map((point) => [point.at, point]));
  return [...byTime.values()].sort((a, b) => a.at - b.at);
}

function periodOf({ periodInterval }: MappingTemplate, measurements: readonly Measurement[]): Period {
  const times = measurements.map(({ occurrenceTimeUtc }) => Date.parse(occurrenceTimeUtc));
  const earliest = Math.min(...times);
  if (periodInterval <= 0) return { start: earliest, end: Math.max(...times) };
  const length = periodInterval === 60 ? HOUR_MS : 24 * HOUR_MS;
  const start = Math.floor(earliest / length) * length;
  return { start, end: start + length - 1 };
}

function segmentOf({ periodInterval }: MappingTemplate, [first]: readonly Measurement[], { start, end }: Period) {
  const compact = (at: number): string => new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return periodInterval === -1 ? first?.correlationId : `${compact(start)}.${compact(end)}`;
}

function periodElement({ start, end }: Period): { start: string; end: string } {
  return { start: sevenDigits(start), end: sevenDigits(end) };
}

/** The last instant of a period is 100 ns before the next. */
function sevenDigits(at: number): string {
  return new Date(at)
    .toISOString()
    .replace('.999Z', '.9999999Z')
    .replace(/\.(\d{3})Z/, '.$10000Z');
}

function categoryOf({ category }: MappingTemplate): CodeableConcept[] {
  return category.map(({ text, codes }) => ({ coding: [...codes], ...(text !== undefined && { text }) }));
}

function concept(codes: readonly object[], name: string): CodeableConcept {
  return { coding: [...codes, { system: SYSTEM, code: name, display: name }], text: name };
}

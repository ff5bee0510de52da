import { floorDivide, formatTicksFixed, TICKS_PER_MS } from './ticks.ts';
import type { Ticks } from './ticks.ts';

const TICKS_PER_SECOND = 10_000_000n;
const TICKS_PER_MINUTE = 60n * TICKS_PER_SECOND;

/** Digits of a fraction that can be kept: 100 ns. */
const FRACTION_DIGITS = 7;

const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** An instant read from a FHIR dateTime or instant. */
export interface FhirDateTime {
  readonly ticks: Ticks;
  /** The length in ticks of what its text can tell apart: at most a second, since servers cut fractions only. */
  readonly unit: bigint;
}

/** How many fraction digits of a second are written: 100 ns as the original does, or milliseconds. */
export type TimePrecision = '100ns' | 'ms';

/**
 * Reads a FHIR dateTime or instant; a partial date is its first midnight in UTC, digits below 100 ns are cut.
 *
 * @returns undefined for what is neither
 */
export function parseFhirDateTime(value: unknown): FhirDateTime | undefined {
  if (typeof value !== 'string') return undefined;
  const date = DATE.exec(value);
  if (date !== null) return midnight(date[1] ?? '', date[2] ?? '01', date[3] ?? '01');
  const match = DATE_TIME.exec(value);
  if (match === null) return undefined;
  const [, seconds = '', fraction = '', sign, hours = '0', minutes = '0'] = match;
  const ms = utcMs(seconds);
  if (ms === undefined) return undefined;
  const digits = fraction.slice(0, FRACTION_DIGITS);
  const offset = BigInt(Number(hours) * 60 + Number(minutes)) * TICKS_PER_MINUTE;
  return {
    ticks: BigInt(ms) * TICKS_PER_MS + BigInt(digits.padEnd(FRACTION_DIGITS, '0')) + (sign === '-' ? offset : -offset),
    unit: 10n ** BigInt(FRACTION_DIGITS - digits.length),
  };
}

/** Writes an instant; milliseconds are rounded towards the past. */
export function formatFhirInstant(ticks: Ticks, precision: TimePrecision): string {
  const text = formatTicksFixed(ticks);
  return precision === '100ns' ? text : `${text.slice(0, -5)}Z`;
}

/** The instant as it will be read back when written at that precision. */
export function roundToPrecision(ticks: Ticks, precision: TimePrecision): Ticks {
  return precision === '100ns' ? ticks : floorDivide(ticks, TICKS_PER_MS) * TICKS_PER_MS;
}

/** Negative when `a` is earlier, 0 when they are equal to the coarser of both precisions. */
export function compareDateTimes(a: FhirDateTime, b: FhirDateTime): number {
  const unit = a.unit > b.unit ? a.unit : b.unit;
  const [first, second] = [floorDivide(a.ticks, unit), floorDivide(b.ticks, unit)];
  return first < second ? -1 : Number(first > second);
}

/** An instant of ours, exact to a tick. */
export function exactDateTime(ticks: Ticks): FhirDateTime {
  return { ticks, unit: 1n };
}

function midnight(year: string, month: string, day: string): FhirDateTime | undefined {
  const ms = utcMs(`${year}-${month}-${day}T00:00:00`);
  return ms === undefined ? undefined : { ticks: BigInt(ms) * TICKS_PER_MS, unit: TICKS_PER_SECOND };
}

/** Undefined for impossible dates, which Date.parse rolls over. */
function utcMs(seconds: string): number | undefined {
  const ms = Date.parse(`${seconds}Z`);
  return Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(seconds) ? undefined : ms;
}

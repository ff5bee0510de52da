import { canonicalInstant, formatTicks, msToTicks, parseTicks } from '../core/ticks.ts';
import type { Ticks } from '../core/ticks.ts';

const MONTHS = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
const MONTH = `(?<month>${MONTHS})[a-z]*`;
const WEEKDAY = '(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\\s+)?';
const TIME =
  '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2})(?:\\.(?<fraction>\\d+))?)?(?:\\s*(?<half>[ap])m)?';
const ZONE = '(?:\\s*(?:z|gmt|(?<sign>[+-])(?<zoneHour>\\d{1,2})(?::?(?<zoneMinute>\\d{2}))?))?';
const STRICT_TIME = TIME.replace('\\d{1,2}', '\\d{2}');

const DATES = [
  '(?<year>\\d{4})-(?<month>\\d{1,2})-(?<day>\\d{1,2})',
  '(?<year>\\d{4})/(?<month>\\d{1,2})/(?<day>\\d{1,2})',
  '(?<year>\\d{4})-(?<month>\\d{1,2})',
  '(?<month>\\d{1,2})/(?<day>\\d{1,2})/(?<year>\\d{4})',
  '(?<month>\\d{1,2})-(?<day>\\d{1,2})-(?<year>\\d{4})',
  `${WEEKDAY}(?<day>\\d{1,2})[\\s-]${MONTH}[\\s-](?<year>\\d{4})`,
  `${WEEKDAY}${MONTH}\\s+(?<day>\\d{1,2}),?\\s+(?<year>\\d{4})`,
];

/** Every spelling that is read, month before day where both are digits. */
const SPELLINGS = [
  `(?<year>\\d{4})-(?<month>\\d{2})-(?<day>\\d{2})t${STRICT_TIME}${ZONE}`,
  ...DATES.map((date) => `${date}(?:\\s+${TIME}${ZONE})?`),
  `${TIME}${ZONE}`,
].map((spelling) => new RegExp(`^${spelling}$`, 'i'));

const WITH_OFFSET = /^(.{19}(?:\.\d{1,7})?)([+-])(\d{2}):(\d{2})$/;
const SERIALIZED = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/;
const MAX_TICKS = 2_534_023_008_000_000_000n;
const MIN_TICKS = -621_355_968_000_000_000n;
const TICKS_PER_SECOND = 10_000_000n;

type Parts = Readonly<Record<string, string | undefined>>;

/**
 * Reads an instant as leniently as the original: ISO 8601 and its relatives, US dates, RFC 1123. A text without a zone
 * is UTC; digits beyond 100 ns are rounded half up.
 *
 * @param today ISO UTC: the day a bare time means
 * @returns ISO 8601 in UTC; undefined for any other text, impossible dates included
 */
export function readTimestamp(text: string, today: string): string | undefined {
  const trimmed = text.trim();
  // What devices mostly send needs no second look.
  const canonical = canonicalInstant(trimmed);
  if (canonical !== undefined) return canonical.startsWith('0000') ? undefined : canonical;
  const ticks = withOffset(trimmed) ?? serialized(trimmed) ?? spelled(trimmed, today);
  return ticks !== undefined && ticks >= MIN_TICKS && ticks < MAX_TICKS ? formatTicks(ticks) : undefined;
}

/** ISO 8601 with `+hh:mm`, the next most frequent: what is not quite that is left to the spellings. */
function withOffset(text: string): Ticks | undefined {
  const [, local, sign, zoneHour, zoneMinute] = WITH_OFFSET.exec(text) ?? [];
  const ticks = local === undefined ? undefined : parseTicks(`${local}Z`);
  const zone = zoneTicks({ sign, zoneHour, zoneMinute });
  return ticks === undefined || zone === undefined ? undefined : ticks - zone;
}

/** `/Date(1549061161875)/`, the old spelling of .NET. */
function serialized(text: string): Ticks | undefined {
  const ms = SERIALIZED.exec(text)?.[1];
  return ms === undefined ? undefined : msToTicks(Number(ms));
}

function spelled(text: string, today: string): Ticks | undefined {
  for (const spelling of SPELLINGS) {
    const parts = spelling.exec(text)?.groups;
    if (parts) return ticksOfParts(parts, today);
  }
  return undefined;
}

function ticksOfParts(parts: Parts, today: string): Ticks | undefined {
  const day =
    parts['year'] === undefined ? dayTicks(today.slice(0, 4), today.slice(5, 7), today.slice(8, 10)) : dayOf(parts);
  const time = timeTicks(parts);
  const zone = zoneTicks(parts);
  return day === undefined || time === undefined || zone === undefined ? undefined : day + time - zone;
}

function dayOf({ year = '', month = '', day = '1' }: Parts): Ticks | undefined {
  const number = MONTHS.split('|').indexOf(month.toLowerCase()) + 1;
  return dayTicks(year, number === 0 ? month : String(number), day);
}

function dayTicks(year: string, month: string, day: string): Ticks | undefined {
  return parseTicks(`${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T00:00:00Z`);
}

function timeTicks({ hour = '0', minute = '0', second = '0', fraction = '', half }: Parts): Ticks | undefined {
  const [minutes, seconds, ticks] = [Number(minute), Number(second), fractionTicks(fraction)];
  const hours = half === undefined ? Number(hour) : hoursOfHalf(Number(hour), half.toLowerCase());
  // The end of a day may be written as its 24:00:00.
  const isEnd = hours === 24 && minutes === 0 && seconds === 0 && ticks === 0n;
  if (hours === undefined || (hours > 23 && !isEnd) || minutes > 59 || seconds > 59) return undefined;
  return BigInt(hours * 3600 + minutes * 60 + seconds) * TICKS_PER_SECOND + ticks;
}

function hoursOfHalf(hour: number, half: string): number | undefined {
  if (hour > 12 || hour === 0) return undefined;
  return (hour % 12) + (half === 'p' ? 12 : 0);
}

function fractionTicks(fraction: string): Ticks {
  const ticks = BigInt(fraction.slice(0, 7).padEnd(7, '0'));
  return Number(fraction[7] ?? '0') >= 5 ? ticks + 1n : ticks;
}

function zoneTicks({ sign, zoneHour = '0', zoneMinute = '0' }: Parts): Ticks | undefined {
  const [hours, minutes] = [Number(zoneHour), Number(zoneMinute)];
  if (minutes > 59 || hours * 60 + minutes > 14 * 60) return undefined;
  const ticks = BigInt(hours * 3600 + minutes * 60) * TICKS_PER_SECOND;
  return sign === '-' ? -ticks : ticks;
}

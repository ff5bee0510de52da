/** What a FHIR date, dateTime or instant covers: UTC texts of equal length, both ends inclusive, so texts compare. */
export interface DateRange {
  /** As `2026-01-02T10:00:00.000000000` */
  startAt: string;
  endAt: string;
}

const DATE_TIME =
  /^(?<year>\d{4})(?:-(?<month>\d\d)(?:-(?<day>\d\d)(?:T(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:\.(?<fraction>\d+))?)?(?<zone>Z|[+-]\d\d:\d\d)?)?)?)?$/;
const FRACTION_DIGITS = 9;
const UNBOUNDED: DateRange = { startAt: '0000', endAt: '9999-99' };

/**
 * The range a text of any precision covers: `2026-03` a month, `…T10:00:00.5Z` a tenth of a second. A time without a
 * zone (R4 allows it in a search only) counts as UTC.
 *
 * @returns undefined for a text that is no date
 */
export function dateRange(text: string): DateRange | undefined {
  const part = DATE_TIME.exec(text)?.groups;
  if (!part) return undefined;
  const { year, month, day, hour, minute, second, fraction = '' } = part;
  const shiftMinutes = zoneMinutes(part['zone']);
  const lastDay = day ?? new Date(Date.UTC(Number(year), Number(month ?? 12), 0)).getUTCDate();
  const from = Date.UTC(Number(year), +(month ?? 1) - 1, +(day ?? 1), +(hour ?? 0), +(minute ?? 0), +(second ?? 0));
  const to = Date.UTC(Number(year), +(month ?? 12) - 1, +lastDay, +(hour ?? 23), +(minute ?? 59), +(second ?? 59));
  return {
    startAt: toText(from, shiftMinutes, fraction, '0'),
    endAt: toText(to, shiftMinutes, fraction, '9'),
  };
}

/** The range of a FHIR Period; an end that is missing is open. */
export function periodRange(period: { start?: string; end?: string }): DateRange {
  return {
    startAt: (period.start && dateRange(period.start)?.startAt) ?? UNBOUNDED.startAt,
    endAt: (period.end && dateRange(period.end)?.endAt) ?? UNBOUNDED.endAt,
  };
}

function zoneMinutes(zone: string | undefined): number {
  if (!zone || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return zone.startsWith('-') ? -minutes : minutes;
}

function toText(wallClockMs: number, shiftMinutes: number, fraction: string, filler: '0' | '9'): string {
  const seconds = new Date(wallClockMs - shiftMinutes * 60_000).toISOString().slice(0, 19);
  return `${seconds}.${fraction.slice(0, FRACTION_DIGITS).padEnd(FRACTION_DIGITS, filler)}`;
}

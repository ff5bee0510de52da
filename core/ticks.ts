/** An instant in units of 100 ns since 1970-01-01T00:00:00Z; the resolution of the original, which a `Date` cannot hold. */
export type Ticks = bigint;

export const TICKS_PER_MS = 10_000n;

const ISO_UTC = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,7}))?Z$/;

/**
 * Reads `YYYY-MM-DDThh:mm:ss[.fffffff]Z`.
 *
 * @returns undefined for any other text, impossible dates included
 */
export function parseTicks(text: string): Ticks | undefined {
  const match = ISO_UTC.exec(text);
  if (match?.[1] === undefined) return undefined;
  const ms = Date.parse(`${match[1]}Z`);
  // Date.parse rolls impossible days over (31 April); what it reads must be what was written.
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(match[1])) return undefined;
  return BigInt(ms) * TICKS_PER_MS + BigInt((match[2] ?? '').padEnd(7, '0'));
}

/** As `parseTicks`, for texts this system wrote itself. @throws RangeError for any other text */
export function ticksOf(text: string): Ticks {
  const ticks = parseTicks(text);
  if (ticks === undefined) throw new RangeError('Expected an instant as YYYY-MM-DDThh:mm:ss[.fffffff]Z');
  return ticks;
}

/** Writes an instant with up to seven fraction digits, trailing zeros trimmed: `2019-02-01T22:46:01.875Z`. */
export function formatTicks(ticks: Ticks): string {
  const { seconds, fraction } = split(ticks);
  const trimmed = fraction.replace(/0+$/, '');
  return trimmed === '' ? `${seconds}Z` : `${seconds}.${trimmed}Z`;
}

/** Writes an instant with exactly seven fraction digits, as the original does in Observations. */
export function formatTicksFixed(ticks: Ticks): string {
  const { seconds, fraction } = split(ticks);
  return `${seconds}.${fraction}Z`;
}

/** The instant in whole milliseconds since 1970, rounded towards the past. */
export function ticksToMs(ticks: Ticks): number {
  return Number(floorDivide(ticks, TICKS_PER_MS));
}

export function msToTicks(ms: number): Ticks {
  return BigInt(ms) * TICKS_PER_MS;
}

/** Division that rounds towards negative infinity, so that instants before 1970 fall into the right period too. */
export function floorDivide(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend % divisor !== 0n && dividend < 0n !== divisor < 0n ? quotient - 1n : quotient;
}

function split(ticks: Ticks): { seconds: string; fraction: string } {
  const wholeSeconds = floorDivide(ticks, 10_000_000n);
  const fraction = (ticks - wholeSeconds * 10_000_000n).toString().padStart(7, '0');
  return { seconds: new Date(Number(wholeSeconds) * 1000).toISOString().slice(0, 19), fraction };
}

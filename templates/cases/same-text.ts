import { parseTicks } from '../../core/ticks.ts';
import { numberText } from '../expression/text-conversion.ts';
import type { SameText } from './as-seen-by.ts';

const POWER = /\bpow\s*\(/;
/** Maths libraries differ by one unit in the last place of a power; what is made of it may differ by one more. */
const UNITS = 2n;

/** How the texts of measurements agree: times as instants, all others to the letter, but for numbers made of a power. */
export function sameTextFor(template: string): SameText {
  const hasPower = POWER.test(template);
  return (member, expected, actual) => {
    if (expected === actual) return true;
    if (member === 'occurrenceTimeUtc') return isSameInstant(expected, actual);
    return hasPower && member === 'value' && isNearlyEqual(expected, actual);
  };
}

export function isSameInstant(expected: string, actual: string): boolean {
  const ticks = parseTicks(expected);
  return ticks !== undefined && ticks === parseTicks(actual);
}

/** Two doubles as this system writes them, side by side; whole numbers are exact. */
function isNearlyEqual(expected: string, actual: string): boolean {
  if (!isDouble(expected) || !isDouble(actual) || !/[.E]/.test(expected + actual)) return false;
  const [a, b] = [Number(expected), Number(actual)];
  const distance = bitsOf(a) - bitsOf(b);
  return Math.sign(a) === Math.sign(b) && distance <= UNITS && -distance <= UNITS;
}

function isDouble(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && numberText(value) === text;
}

/** Neighbours of one sign have neighbouring bits. */
function bitsOf(value: number): bigint {
  const [bits = 0n] = new BigInt64Array(Float64Array.of(value).buffer);
  return bits;
}

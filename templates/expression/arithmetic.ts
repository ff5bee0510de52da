import { IngestError } from '../../core/errors.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** False for integers that 64 bits cannot hold; they cannot be extracted or calculated with. */
export function fitsInt64(value: number | bigint): boolean {
  return typeof value === 'number' || (value >= INT64_MIN && value <= INT64_MAX);
}

/** Integers of any size come as `bigint` or as a safe `number`; every other number is a double. */
function isInteger(value: number | bigint): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/**
 * Integers are exact to 64 bits; with a fraction (or a double beyond the safe integers) on either side it is double
 * arithmetic, as in the original.
 *
 * @throws IngestError NUMBER_TOO_LARGE beyond 64 bits or the range of a double
 */
export function add(left: number | bigint, right: number | bigint): number | bigint {
  if (!isInteger(left) || !isInteger(right)) return finite(Number(left) + Number(right));
  return exact(BigInt(left) + BigInt(right));
}

/** As `add`. */
export function subtract(left: number | bigint, right: number | bigint): number | bigint {
  if (!isInteger(left) || !isInteger(right)) return finite(Number(left) - Number(right));
  return exact(BigInt(left) - BigInt(right));
}

/** As `add`. */
export function multiply(left: number | bigint, right: number | bigint): number | bigint {
  if (!isInteger(left) || !isInteger(right)) return finite(Number(left) * Number(right));
  return exact(BigInt(left) * BigInt(right));
}

/** True division: `divide(40, 50)` is 0.8. @throws IngestError EXPRESSION_FAILED by zero, NUMBER_TOO_LARGE as `add` */
export function divide(left: number | bigint, right: number | bigint): number | bigint {
  if (Number(right) === 0) throw new IngestError('EXPRESSION_FAILED', 'a division by zero');
  if (!isInteger(left) || !isInteger(right)) return finite(Number(left) / Number(right));
  const [dividend, divisor] = [BigInt(left), BigInt(right)];
  if (dividend % divisor === 0n) return exact(dividend / divisor);
  if (typeof left === 'number' && typeof right === 'number') return left / right;
  // The whole part and the rest apart, since neither operand need fit a double.
  return Number(dividend / divisor) + Number(dividend % divisor) / Number(divisor);
}

/** Integer powers of integers are exact. @throws IngestError NUMBER_TOO_LARGE as `add`, 0 to a negative power included */
export function pow(base: number | bigint, exponent: number | bigint): number | bigint {
  if (!isInteger(base) || !isInteger(exponent) || exponent < 0) return finite(Number(base) ** Number(exponent));
  // Beyond 63 only 0, 1 and -1 stay inside 64 bits, and for those parity is all that matters.
  if (exponent <= 63) return exact(BigInt(base) ** BigInt(exponent));
  if (base >= -1 && base <= 1) return exact(BigInt(base) ** (BigInt(exponent) % 2n === 0n ? 2n : 1n));
  throw tooLarge();
}

/** The magnitude. @throws IngestError NUMBER_TOO_LARGE for the smallest 64-bit integer */
export function absolute(value: number | bigint): number | bigint {
  return typeof value === 'bigint' ? exact(value < 0n ? -value : value) : Math.abs(value);
}

/** An integer as this system keeps it: a `number` where that is exact, else a `bigint`. */
export function compactInteger(value: bigint): number | bigint {
  return value >= -SAFE && value <= SAFE ? Number(value) : value;
}

function exact(value: bigint): number | bigint {
  if (!fitsInt64(value)) throw tooLarge();
  return compactInteger(value);
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw tooLarge();
  return value;
}

function tooLarge(): IngestError {
  return new IngestError('NUMBER_TOO_LARGE', 'a result beyond 64 bits, or no finite number');
}

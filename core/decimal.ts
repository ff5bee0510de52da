import { isLosslessNumber, LosslessNumber } from 'lossless-json';

const FHIR_DECIMAL = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;

/** Longer texts are not looked at: white space in them would cost quadratic time, and no measured number needs them. */
const MAX_DECIMAL_LENGTH = 1024;

const GAP = '[\\t-\\r ]*';
/** `NumberStyles.Number` of .NET: a sign on either side, group marks anywhere after the first digit. */
const NUMBER = new RegExp(`^${GAP}([+-]?)(\\d[\\d,]*)?(?:\\.(\\d*))?(?:${GAP}([+-]))?${GAP}$`);
/** What normalization itself writes for very small and very large numbers: `1E-05`. */
const SCIENTIFIC = new RegExp(`^${GAP}([+-]?)(\\d*)(?:\\.(\\d*))?([eE][+-]?\\d{1,4})${GAP}$`);

/** `-? digits * 10 ^ exponent`, digits without zeros at either end; zero has no digits. */
interface DecimalParts {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

/** Whether a text is a FHIR decimal as it stands; an exponent may have four digits. */
export function isFhirDecimal(text: string): boolean {
  return FHIR_DECIMAL.test(text);
}

/**
 * Reads a number as the original's Quantity does, and beyond it one with an exponent, and writes it as a FHIR decimal
 * with the digits it came with: ` 1,022.40 ` is `1022.40`, `5-` is `-5`, `.5` is `0.5`.
 *
 * @returns undefined for any other text, and for one of more than 1,024 characters
 */
export function readDecimal(text: string): string | undefined {
  if (text.length > MAX_DECIMAL_LENGTH) return undefined;
  const scientific = SCIENTIFIC.exec(text);
  if (scientific !== null) {
    const [, sign, whole = '', fraction = '', exponent = ''] = scientific;
    return writeDecimal(sign === '-', whole, fraction, exponent);
  }
  const number = NUMBER.exec(text);
  if (number === null) return undefined;
  const [, leading = '', whole = '', fraction = '', trailing = ''] = number;
  if (leading !== '' && trailing !== '') return undefined;
  return writeDecimal(leading === '-' || trailing === '-', whole.replaceAll(',', ''), fraction, '');
}

function writeDecimal(isNegative: boolean, whole: string, fraction: string, exponent: string): string | undefined {
  if (whole === '' && fraction === '') return undefined;
  const digits = whole.replace(/^0+(?=\d)/, '');
  const point = fraction === '' ? '' : `.${fraction}`;
  return `${isNegative ? '-' : ''}${digits === '' ? '0' : digits}${point}${exponent}`;
}

/** Whether two FHIR decimals are the same number: `22.40` equals `22.4`. Other texts equal only themselves. */
export function isSameDecimal(a: string, b: string): boolean {
  if (a === b) return true;
  const [first, second] = [decimalParts(a), decimalParts(b)];
  if (first === undefined || second === undefined) return false;
  if (first.digits === '' || second.digits === '') return first.digits === second.digits;
  return first.isNegative === second.isNegative && first.digits === second.digits && first.exponent === second.exponent;
}

/** A positive FHIR decimal as an exact fraction; undefined for any other text. */
export function decimalFraction(text: string): { numerator: bigint; denominator: bigint } | undefined {
  const parts = decimalParts(text);
  if (parts === undefined || parts.isNegative || parts.digits === '') return undefined;
  const digits = BigInt(parts.digits);
  return parts.exponent >= 0
    ? { numerator: digits * 10n ** BigInt(parts.exponent), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-parts.exponent) };
}

/** A FHIR decimal as the whole number it is, however it is written: `72.0`, `1E+01`. Undefined when it is none. */
export function wholeNumber(text: string): bigint | undefined {
  const parts = decimalParts(text);
  return parts === undefined || (parts.exponent < 0 && parts.digits !== '') ? undefined : unscaled(parts, 0);
}

/** Negative when `a` is the smaller of two FHIR decimals, 0 when they are the same number. */
export function compareDecimals(a: string, b: string): number {
  const [first, second] = [decimalParts(a), decimalParts(b)];
  if (first === undefined || second === undefined) throw new RangeError('Expected two FHIR decimals');
  const exponent = Math.min(first.exponent, second.exponent);
  const [left, right] = [unscaled(first, exponent), unscaled(second, exponent)];
  return left < right ? -1 : Number(left > right);
}

/** A decimal divided by `10 ^ exponent`, where that is a whole number. */
function unscaled({ isNegative, digits, exponent: own }: DecimalParts, exponent: number): bigint {
  const magnitude = digits === '' ? 0n : BigInt(digits) * 10n ** BigInt(own - exponent);
  return isNegative ? -magnitude : magnitude;
}

function decimalParts(text: string): DecimalParts | undefined {
  const match = FHIR_DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const significant = `${whole}${fraction}`.replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  const trailingZeroCount = significant.length - digits.length;
  return { isNegative: sign === '-', digits, exponent: Number(exponent) - fraction.length + trailingZeroCount };
}

/**
 * A FHIR decimal for a resource, its digits kept. The one place where our decimals meet `fhir/r4`, which types them as
 * `number`: inside resources they are `LosslessNumber`.
 *
 * @param text a FHIR decimal
 */
export function fhirDecimal(text: string): number {
  return new LosslessNumber(text) as unknown as number;
}

/** The digits of a number in a resource; undefined when it is none. */
export function decimalTextOf(value: unknown): string | undefined {
  if (isLosslessNumber(value)) return value.value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

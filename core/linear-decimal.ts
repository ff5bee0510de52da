import { isSameDecimal } from './decimal.ts';

/** `coefficient * 10 ^ -scale`. */
interface ScaledInteger {
  readonly coefficient: bigint;
  readonly scale: number;
}

/**
 * How a token of a SampledData becomes the value it stands for: `origin + factor * token`, exactly. The value has all
 * digits of product and sum, trailing zeros included, and no exponent; from origin 0 by factor 1 it is the token as it
 * is written. All are FHIR decimals.
 *
 * @see https://hl7.org/fhir/R4/datatypes.html#SampledData
 */
export function linearDecimal(origin: string, factor: string): (token: string) => string {
  if (isSameDecimal(origin, '0') && isSameDecimal(factor, '1')) return (token) => token;
  const [base, slope] = [scaledInteger(origin), scaledInteger(factor)];
  return (token) => written(sum(base, product(slope, scaledInteger(token))));
}

function scaledInteger(decimal: string): ScaledInteger {
  const [mantissa = '', exponent = '0'] = decimal.split(/[eE]/);
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { coefficient: BigInt(`${whole}${fraction}`), scale: fraction.length - Number(exponent) };
}

function product(a: ScaledInteger, b: ScaledInteger): ScaledInteger {
  return { coefficient: a.coefficient * b.coefficient, scale: a.scale + b.scale };
}

function sum(a: ScaledInteger, b: ScaledInteger): ScaledInteger {
  const scale = Math.max(a.scale, b.scale);
  return { coefficient: atScale(a, scale) + atScale(b, scale), scale };
}

function atScale({ coefficient, scale }: ScaledInteger, wanted: number): bigint {
  return coefficient * 10n ** BigInt(wanted - scale);
}

function written(number: ScaledInteger): string {
  if (number.scale <= 0) return atScale(number, 0).toString();
  const { coefficient, scale } = number;
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString().padStart(scale + 1, '0');
  return `${coefficient < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

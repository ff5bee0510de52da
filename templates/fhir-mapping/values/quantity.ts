import type { Quantity } from 'fhir/r4.js';
import { decimalTextOf, fhirDecimal, isSameDecimal, readDecimal } from '../../../core/decimal.ts';
import { IngestError } from '../../../core/errors.ts';
import { sourceTimeExtension, storedSourceTimeOr } from '../../../core/source-time.ts';
import { latest, replaceOrKeep } from './replaced-value.ts';
import { readUnit, UNIT_MEMBERS, UNIT_NAMES, unitOf } from './unit.ts';
import type { Unit } from './unit.ts';
import type { ObservedValue, ValueKind, ValuePeriod } from './value-kind.ts';

/** Written as `valueQuantity`, with the digits as measured. */
export interface QuantityTemplate extends Unit {
  readonly valueType: 'Quantity';
  readonly valueName: string;
}

export const quantity: ValueKind<QuantityTemplate> = {
  description: 'the last value, as a number with its unit',
  members: UNIT_MEMBERS,
  element: 'valueQuantity',

  read(object, valueName) {
    return { valueType: 'Quantity', valueName, ...readUnit(object) };
  },

  judge({ valueName }, text) {
    if (readDecimal(text) !== undefined) return undefined;
    return new IngestError('VALUE_NOT_DECIMAL', `Expected a decimal as value ${valueName}`, { valueName });
  },

  create(template, values, period) {
    return { valueQuantity: quantityOf(template, latest(values), period) };
  },

  merge(template, values, { valueQuantity: stored }, period) {
    const made = quantityOf(template, latest(values), period);
    return replaceOrKeep({ valueQuantity: made }, latest(values), stored, isSameQuantity(stored, made));
  },

  readBack(_template, { valueQuantity }, start) {
    const value = readDecimal(decimalTextOf(valueQuantity?.value) ?? '');
    return value === undefined ? [] : [{ value, index: 0, ...storedSourceTimeOr(valueQuantity, start) }];
  },
};

function quantityOf(template: QuantityTemplate, measured: ObservedValue, { precision }: ValuePeriod): Quantity {
  const decimal = readDecimal(measured.value);
  if (decimal === undefined) throw new RangeError(`Value ${template.valueName} was not judged before it was written`);
  return {
    extension: [sourceTimeExtension(measured, precision)],
    value: fhirDecimal(decimal),
    ...unitOf(template),
  };
}

/** Numbers by their value, since a server may have cut trailing zeros. */
function isSameQuantity(stored: Quantity | undefined, measured: Quantity): boolean {
  const [found, expected] = [decimalTextOf(stored?.value), decimalTextOf(measured.value)];
  if (found === undefined || expected === undefined || !isSameDecimal(found, expected)) return false;
  return UNIT_NAMES.every((name) => stored?.[name] === measured[name]) && stored?.comparator === undefined;
}

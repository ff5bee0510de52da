import { decimalTextOf, isSameDecimal, readDecimal, wholeNumber } from '../../../core/decimal.ts';
import { IngestError } from '../../../core/errors.ts';
import { storedSourceTimeOr } from '../../../core/source-time.ts';
import { latest, replaceOrKeep, sourceTimeElement } from './replaced-value.ts';
import type { ObservedValue, ValueElements, ValueKind, ValuePeriod } from './value-kind.ts';

/** Written as `valueInteger`, with no more than its digits. */
export interface IntegerTemplate {
  readonly valueType: 'Integer';
  readonly valueName: string;
}

/** FHIR's integer has 32 bits. @see https://hl7.org/fhir/R4/datatypes.html#integer */
const MIN_INTEGER = -2_147_483_648n;
const MAX_INTEGER = 2_147_483_647n;

export const integer: ValueKind<IntegerTemplate> = {
  description: 'the last value, as a whole number of 32 bits',
  members: {},
  element: 'valueInteger',

  read(_object, valueName) {
    return { valueType: 'Integer', valueName };
  },

  judge({ valueName }, text) {
    if (readInteger(text) !== undefined) return undefined;
    const message = `Expected a whole number from ${String(MIN_INTEGER)} to ${String(MAX_INTEGER)} as value ${valueName}`;
    return new IngestError('VALUE_NOT_INTEGER', message, { valueName });
  },

  create(template, values, period) {
    return integerOf(template, latest(values), period);
  },

  merge(template, values, { valueInteger, _valueInteger }, period) {
    const made = integerOf(template, latest(values), period);
    const isEqual = isSameDecimal(decimalTextOf(valueInteger) ?? '', String(made.valueInteger));
    return replaceOrKeep(made, latest(values), _valueInteger, isEqual);
  },

  readBack(_template, { valueInteger, _valueInteger }, start) {
    const value = readInteger(decimalTextOf(valueInteger) ?? '');
    return value === undefined ? [] : [{ value: String(value), index: 0, ...storedSourceTimeOr(_valueInteger, start) }];
  },
};

function integerOf({ valueName }: IntegerTemplate, measured: ObservedValue, { precision }: ValuePeriod): ValueElements {
  const value = readInteger(measured.value);
  if (value === undefined) throw new RangeError(`Value ${valueName} was not judged before it was written`);
  return { valueInteger: value, _valueInteger: sourceTimeElement(measured, precision) };
}

/** Any spelling that a Quantity takes, where its number is whole: `72`, `72.0`, `1E+01`. */
function readInteger(text: string): number | undefined {
  const decimal = readDecimal(text);
  const whole = decimal === undefined ? undefined : wholeNumber(decimal);
  return whole === undefined || whole < MIN_INTEGER || whole > MAX_INTEGER ? undefined : Number(whole);
}

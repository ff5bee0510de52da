import type { Quantity } from 'fhir/r4.js';
import { decimalTextOf, fhirDecimal, isSameDecimal, readDecimal } from '../../../core/decimal.ts';
import { IngestError } from '../../../core/errors.ts';
import { sourceTimeExtension, storedSourceTimeOr } from '../../../core/source-time.ts';
import { OPTIONAL_TEXT } from '../../template-schema.ts';
import type { MemberTable } from '../../template-schema.ts';
import { latest, replaces } from './replaced-value.ts';
import type { ObservedValue, ValueKind, ValuePeriod } from './value-kind.ts';

/** Written as `valueQuantity`, with the digits as measured. */
export interface QuantityTemplate {
  readonly valueType: 'Quantity';
  readonly valueName: string;
  readonly unit?: string;
  readonly system?: string;
  readonly code?: string;
}

const UNIT_MEMBERS = ['unit', 'system', 'code'] as const;
const MEMBERS: MemberTable<(typeof UNIT_MEMBERS)[number]> = {
  unit: { description: 'The unit as people read it.', schema: OPTIONAL_TEXT },
  system: { description: "The unit's code system, such as http://unitsofmeasure.org.", schema: OPTIONAL_TEXT },
  code: { description: "The unit's code in that system.", schema: OPTIONAL_TEXT },
};

export const quantity: ValueKind<QuantityTemplate> = {
  description: 'the last value, as a number with its unit',
  members: MEMBERS,
  element: 'valueQuantity',

  read(object, valueName) {
    const entries = UNIT_MEMBERS.map((name) => [name, object.text(name)] as const);
    const unit = Object.fromEntries(entries.filter(([, text]) => text !== undefined));
    return { valueType: 'Quantity', valueName, ...unit };
  },

  judge({ valueName }, text) {
    if (readDecimal(text) !== undefined) return undefined;
    return new IngestError('VALUE_NOT_DECIMAL', `Expected a decimal as value ${valueName}`, { valueName });
  },

  create(template, values, period) {
    return { valueQuantity: quantityOf(template, latest(values), period) };
  },

  merge(template, values, { valueQuantity: stored }, period) {
    const value = latest(values);
    const measured = quantityOf(template, value, period);
    if (!replaces(value, stored, isSameQuantity(stored, measured))) return { collidedCount: 0 };
    return { elements: { valueQuantity: measured }, collidedCount: 0 };
  },

  readBack(_template, { valueQuantity }, start) {
    const value = decimalTextOf(valueQuantity?.value);
    return value === undefined ? [] : [{ value, index: 0, ...storedSourceTimeOr(valueQuantity, start) }];
  },
};

function quantityOf(template: QuantityTemplate, measured: ObservedValue, { precision }: ValuePeriod): Quantity {
  const { valueName, unit, system, code } = template;
  const decimal = readDecimal(measured.value);
  if (decimal === undefined) throw new RangeError(`Value ${valueName} was not judged before it was written`);
  return {
    extension: [sourceTimeExtension(measured, precision)],
    value: fhirDecimal(decimal),
    ...(unit !== undefined && { unit }),
    ...(system !== undefined && { system }),
    ...(code !== undefined && { code }),
  };
}

/** Numbers by their value, since a server may have cut trailing zeros. */
function isSameQuantity(stored: Quantity | undefined, measured: Quantity): boolean {
  const [found, expected] = [decimalTextOf(stored?.value), decimalTextOf(measured.value)];
  if (found === undefined || expected === undefined || !isSameDecimal(found, expected)) return false;
  return UNIT_MEMBERS.every((name) => stored?.[name] === measured[name]) && stored?.comparator === undefined;
}

import { IngestError } from '../../../core/errors.ts';
import { storedSourceTimeOr } from '../../../core/source-time.ts';
import { latest, replaceOrKeep, sourceTimeElement } from './replaced-value.ts';
import type { ObservedValue, ValueElements, ValueKind, ValuePeriod } from './value-kind.ts';

/** Written as `valueBoolean`. */
export interface BooleanTemplate {
  readonly valueType: 'Boolean';
  readonly valueName: string;
}

const TRUE = /^\s*(?:true|1)\s*$/i;
const FALSE = /^\s*(?:false|0)\s*$/i;

export const boolean: ValueKind<BooleanTemplate> = {
  description: 'the last value, true or false; True, False, 1 and 0 are taken',
  members: {},
  element: 'valueBoolean',

  read(_object, valueName) {
    return { valueType: 'Boolean', valueName };
  },

  judge({ valueName }, text) {
    if (readBoolean(text) !== undefined) return undefined;
    return new IngestError('VALUE_NOT_BOOLEAN', `Expected True, False, 1 or 0 as value ${valueName}`, { valueName });
  },

  create(template, values, period) {
    return booleanOf(template, latest(values), period);
  },

  merge(template, values, { valueBoolean, _valueBoolean }, period) {
    const made = booleanOf(template, latest(values), period);
    return replaceOrKeep(made, latest(values), _valueBoolean, valueBoolean === made.valueBoolean);
  },

  readBack(_template, { valueBoolean, _valueBoolean }, start) {
    return typeof valueBoolean === 'boolean'
      ? [{ value: String(valueBoolean), index: 0, ...storedSourceTimeOr(_valueBoolean, start) }]
      : [];
  },
};

function booleanOf({ valueName }: BooleanTemplate, measured: ObservedValue, { precision }: ValuePeriod): ValueElements {
  const value = readBoolean(measured.value);
  if (value === undefined) throw new RangeError(`Value ${valueName} was not judged before it was written`);
  return { valueBoolean: value, _valueBoolean: sourceTimeElement(measured, precision) };
}

function readBoolean(text: string): boolean | undefined {
  if (TRUE.test(text)) return true;
  return FALSE.test(text) ? false : undefined;
}

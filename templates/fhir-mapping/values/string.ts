import { IngestError } from '../../../core/errors.ts';
import { hasControlCharacters } from '../../../core/fhir-text.ts';
import { MAX_DATA_LENGTH } from '../../../core/sampled-data.ts';
import { storedSourceTimeOr } from '../../../core/source-time.ts';
import { latest, replaceOrKeep, sourceTimeElement } from './replaced-value.ts';
import type { ObservedValue, ValueElements, ValueKind, ValuePeriod } from './value-kind.ts';

/** Written as `valueString`, without white space at its ends. */
export interface StringTemplate {
  readonly valueType: 'String';
  readonly valueName: string;
}

export const string: ValueKind<StringTemplate> = {
  description: 'the last value, as text',
  members: {},
  element: 'valueString',

  read(_object, valueName) {
    return { valueType: 'String', valueName };
  },

  judge({ valueName }, text) {
    if (text.trim() === '')
      return new IngestError('VALUE_BLANK', `Expected a text that is not blank as value ${valueName}`, { valueName });
    if (hasControlCharacters(text)) {
      const message = `Expected a text without control characters as value ${valueName}`;
      return new IngestError('VALUE_NOT_TEXT', message, { valueName });
    }
    if (text.trim().length <= MAX_DATA_LENGTH) return undefined;
    const message = `Expected a text of at most ${MAX_DATA_LENGTH} characters as value ${valueName}`;
    return new IngestError('DATA_TOO_LONG', message, { valueName });
  },

  create(_template, values, period) {
    return stringOf(latest(values), period);
  },

  merge(_template, values, { valueString, _valueString }, period) {
    const made = stringOf(latest(values), period);
    return replaceOrKeep(made, latest(values), _valueString, valueString === made.valueString);
  },

  readBack(template, { valueString, _valueString }, start) {
    const { ingestion, occurrence } = storedSourceTimeOr(_valueString, start);
    const isReadable = typeof valueString === 'string' && string.judge(template, valueString, '') === undefined;
    return isReadable ? [{ value: valueString, index: 0, occurrence, ingestion }] : [];
  },
};

function stringOf(measured: ObservedValue, { precision }: ValuePeriod): ValueElements {
  return { valueString: measured.value.trim().toWellFormed(), _valueString: sourceTimeElement(measured, precision) };
}

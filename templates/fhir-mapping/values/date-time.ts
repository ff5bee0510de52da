import { IngestError } from '../../../core/errors.ts';
import { compareDateTimes, formatFhirInstant, parseFhirDateTime } from '../../../core/fhir-date-time.ts';
import { storedSourceTimeOr } from '../../../core/source-time.ts';
import { formatTicks, ticksOf } from '../../../core/ticks.ts';
import { readTimestamp } from '../../timestamp.ts';
import { latest, replaceOrKeep, sourceTimeElement } from './replaced-value.ts';
import type { ObservedValue, ValueElements, ValueKind, ValuePeriod } from './value-kind.ts';

/** Written as `valueDateTime`, in UTC. */
export interface DateTimeTemplate {
  readonly valueType: 'DateTime';
  readonly valueName: string;
}

export const dateTime: ValueKind<DateTimeTemplate> = {
  description: 'the last value, as an instant; any spelling of a timestamp is taken',
  members: {},
  element: 'valueDateTime',

  read(_object, valueName) {
    return { valueType: 'DateTime', valueName };
  },

  judge({ valueName }, text, ingestionTimeUtc) {
    if (readTimestamp(text, ingestionTimeUtc) !== undefined) return undefined;
    return new IngestError('VALUE_NOT_DATE_TIME', `Expected a date and time as value ${valueName}`, { valueName });
  },

  create(template, values, period) {
    return dateTimeOf(template, latest(values), period);
  },

  merge(template, values, { valueDateTime, _valueDateTime }, period) {
    const made = dateTimeOf(template, latest(values), period);
    return replaceOrKeep(made, latest(values), _valueDateTime, isSameInstant(valueDateTime, made.valueDateTime));
  },

  readBack(_template, { valueDateTime, _valueDateTime }, start) {
    const stored = parseFhirDateTime(valueDateTime);
    // A zone may put it into a year that no instant of ours has.
    const value = stored && readTimestamp(formatTicks(stored.ticks), '');
    return value === undefined ? [] : [{ value, index: 0, ...storedSourceTimeOr(_valueDateTime, start) }];
  },
};

function dateTimeOf(
  { valueName }: DateTimeTemplate,
  measured: ObservedValue,
  { precision }: ValuePeriod,
): ValueElements {
  const instant = readTimestamp(measured.value, formatTicks(measured.ingestion));
  if (instant === undefined) throw new RangeError(`Value ${valueName} was not judged before it was written`);
  return {
    valueDateTime: formatFhirInstant(ticksOf(instant), precision),
    _valueDateTime: sourceTimeElement(measured, precision),
  };
}

/** To the coarser precision of both: a server may write an instant in another zone, and with fewer digits. */
function isSameInstant(stored: unknown, made: unknown): boolean {
  const [found, expected] = [parseFhirDateTime(stored), parseFhirDateTime(made)];
  return found !== undefined && expected !== undefined && compareDateTimes(found, expected) === 0;
}

import type { ObservationComponent } from 'fhir/r4.js';
import type { IngestError } from '../../../core/errors.ts';
import type { TimePrecision } from '../../../core/fhir-date-time.ts';
import type { SourceTime } from '../../../core/source-time.ts';
import type { ValueHolder } from '../../../core/stored-observation.ts';
import type { Ticks } from '../../../core/ticks.ts';
import type { MemberTable } from '../../template-schema.ts';
import type { TemplateObject } from '../template-object.ts';

/** One value of one property, as measured. */
export interface ObservedValue extends SourceTime {
  readonly value: string;
  /** Of its measurement, among those that were grouped. */
  readonly index: number;
}

/** Ascending by time, one for an instant. */
export type ObservedValues = readonly [ObservedValue, ...ObservedValue[]];

/** The Observation's period, both ends inclusive, as it will be written. */
export interface ValuePeriod {
  readonly start: Ticks;
  readonly end: Ticks;
  readonly precision: TimePrecision;
}

export interface MergePeriod extends ValuePeriod {
  /** Where the stored Observation begins: at `start` or after it. */
  readonly storedStart: Ticks;
}

/** The value[x] members of an Observation or a component, the same for both. */
export type ValueElements = {
  [
    Member in keyof ObservationComponent as Member extends `${'' | '_'}value${string}` ? Member : never
  ]: ObservationComponent[Member];
};

export interface MergedValue {
  /** Absent when nothing we own would change. */
  readonly elements?: ValueElements;
  /** Samples that gave way to another of their slot. */
  readonly collidedCount: number;
}

/** What a value type of a mapping does; one module for each. */
export interface ValueKind<Template> {
  /** In a sentence, for editors. */
  readonly description: string;
  /** Its members besides `valueType` and `valueName`; others are let in, as in the original. */
  readonly members: MemberTable;
  /** The value[x] it writes. */
  readonly element: keyof ValueElements;
  /** Undefined when the mapping is wrong, which is then noted. */
  read(object: TemplateObject, valueName: string): Template | undefined;
  /**
   * Whether a measured text can become such a value; undefined when it can.
   *
   * @param ingestionTimeUtc of its measurement, ISO 8601: a bare time is one of that day
   */
  judge(template: Template, text: string, ingestionTimeUtc: string): IngestError | undefined;
  /** @throws IngestError DATA_TOO_LONG */
  create(template: Template, values: ObservedValues, period: ValuePeriod): ValueElements;
  /**
   * @param stored holds this kind's element
   * @throws IngestError MAPPING_CONFLICT, OBSERVATION_UNMERGEABLE, DATA_TOO_LONG
   */
  merge(template: Template, values: ObservedValues, stored: ValueHolder, period: MergePeriod): MergedValue;
  /**
   * The values a stored element was made of, as far as it still tells: a sample stands at the start of its slot, a value
   * without source time at `start`.
   *
   * @param stored holds this kind's element
   * @param start of the stored Observation
   * @throws IngestError MAPPING_CONFLICT, OBSERVATION_UNMERGEABLE
   */
  readBack(template: Template, stored: ValueHolder, start: Ticks): ObservedValue[];
}

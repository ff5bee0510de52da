/** One named value of a measurement; `value` is always text, as normalization writes it. */
export interface MeasurementProperty {
  readonly name: string;
  readonly value: string;
}

/** The ids a message itself may carry besides its device; absent means the template found none. */
export interface MessageIds {
  readonly patientId?: string;
  readonly encounterId?: string;
  readonly correlationId?: string;
}

/**
 * What normalization yields for one match of one device content template.
 * Times are ISO 8601 in UTC, end in `Z` and have up to seven fraction digits (100 ns, the resolution of the semantics).
 */
export interface Measurement extends MessageIds {
  readonly type: string;
  readonly deviceId: string;
  /** When the device measured. */
  readonly occurrenceTimeUtc: string;
  /** When the hub took the event in (its enqueued time). */
  readonly ingestionTimeUtc: string;
  readonly properties: readonly MeasurementProperty[];
}

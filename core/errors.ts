/**
 * What happens next, by kind: `transient` is retried with backoff for ever, `waiting` keeps its group until the world is
 * mended, `bad-data` goes to the dead-letter store.
 */
export type IngestErrorKind = 'transient' | 'waiting' | 'bad-data';

/** Every code, and what follows from it; `docs/errors.md` explains each. */
export const INGEST_ERRORS = {
  // Reading an event
  BODY_NOT_JSON: { kind: 'bad-data' },
  BODY_TOO_DEEP: { kind: 'bad-data' },
  BODY_NOT_GZIP: { kind: 'bad-data' },
  BODY_TOO_LARGE: { kind: 'bad-data' },
  // Evaluating a device content template
  EXPRESSION_FAILED: { kind: 'bad-data' },
  EXPRESSION_MANY_VALUES: { kind: 'bad-data' },
  REQUIRED_VALUE_MISSING: { kind: 'bad-data' },
  REQUIRED_VALUE_UNUSABLE: { kind: 'bad-data' },
  NUMBER_TOO_LARGE: { kind: 'bad-data' },
  TIMESTAMP_UNREADABLE: { kind: 'bad-data' },
  LIMIT_EXCEEDED: { kind: 'bad-data' },
  NORMALIZATION_DEFECT: { kind: 'bad-data' },
  // Judging a measurement against its FHIR mapping
  VALUE_NOT_DECIMAL: { kind: 'bad-data' },
  VALUE_NOT_SAMPLE: { kind: 'bad-data' },
  VALUE_NOT_BOOLEAN: { kind: 'bad-data' },
  VALUE_NOT_INTEGER: { kind: 'bad-data' },
  VALUE_NOT_DATE_TIME: { kind: 'bad-data' },
  VALUE_BLANK: { kind: 'bad-data' },
  VALUE_NOT_TEXT: { kind: 'bad-data' },
  CORRELATION_ID_MISSING: { kind: 'bad-data' },
  DATA_TOO_LONG: { kind: 'bad-data' },
  OBSERVATION_REJECTED: { kind: 'bad-data' },
  DEAD_LETTERED_BY_HAND: { kind: 'bad-data' },
  // Waiting for the world
  DEVICE_NOT_FOUND: { kind: 'waiting' },
  DEVICE_AMBIGUOUS: { kind: 'waiting' },
  DEVICE_WITHOUT_PATIENT: { kind: 'waiting' },
  DEVICE_RETIRED: { kind: 'waiting' },
  DEVICE_HISTORY_MISSING: { kind: 'waiting' },
  PATIENT_ID_MISSING: { kind: 'waiting' },
  PATIENT_MISMATCH: { kind: 'waiting' },
  PATIENT_AMBIGUOUS: { kind: 'waiting' },
  PATIENT_RETIRED: { kind: 'waiting' },
  ENCOUNTER_NOT_FOUND: { kind: 'waiting' },
  ENCOUNTER_AMBIGUOUS: { kind: 'waiting' },
  ENCOUNTER_ID_MISSING: { kind: 'waiting' },
  MAPPING_MISSING: { kind: 'waiting' },
  MAPPING_CONFLICT: { kind: 'waiting' },
  OBSERVATION_DELETED: { kind: 'waiting' },
  OBSERVATION_RETIRED: { kind: 'waiting' },
  OBSERVATION_UNMERGEABLE: { kind: 'waiting' },
  OBSERVATION_FOREIGN: { kind: 'waiting' },
  OBSERVATION_AMBIGUOUS: { kind: 'waiting' },
  REFERENCE_REJECTED: { kind: 'waiting' },
  CLAIM_MISSING: { kind: 'waiting' },
  FHIR_UNAUTHORIZED: { kind: 'waiting' },
  FHIR_FORBIDDEN: { kind: 'waiting' },
  FHIR_WRONG_ENDPOINT: { kind: 'waiting' },
  FHIR_REQUEST_REJECTED: { kind: 'waiting' },
  // Passing troubles
  FHIR_UNREACHABLE: { kind: 'transient' },
  FHIR_TIMEOUT: { kind: 'transient' },
  FHIR_THROTTLED: { kind: 'transient' },
  FHIR_UNAVAILABLE: { kind: 'transient' },
  FHIR_ANSWER_UNREADABLE: { kind: 'transient' },
  OBSERVATION_CONFLICT: { kind: 'transient' },
  IDENTITY_CONFLICT: { kind: 'transient' },
  DELIVERY_UNFINISHED: { kind: 'transient' },
  STORE_UNAVAILABLE: { kind: 'transient' },
  UNEXPECTED: { kind: 'transient' },
} as const satisfies Record<string, { kind: IngestErrorKind }>;

export type IngestErrorCode = keyof typeof INGEST_ERRORS;

/** Where it happened, in terms that hold no reading and no patient: template index, member, slot, status, issue code. */
export type IngestErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** The one error this system makes for its inputs. Its message says what, where and what was expected, never a reading. */
export class IngestError extends Error {
  override readonly name = 'IngestError';
  readonly code: IngestErrorCode;
  readonly details: IngestErrorDetails;

  constructor(code: IngestErrorCode, message: string, details: IngestErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  get kind(): IngestErrorKind {
    return INGEST_ERRORS[this.code].kind;
  }
}

/**
 * A JSON value as templates see it. Integers beyond the range of a double are `bigint`, so that a 64-bit id survives;
 * all other numbers are `number`.
 */
export type JsonValue = null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** An event as device content templates see it: exactly these three members, case-sensitive. */
export interface DeviceMessage {
  readonly Body: JsonValue;
  /** Application properties. */
  readonly Properties: JsonObject;
  /** AMQP properties under their hyphenated names, and every message annotation; instants are ISO 8601 text. */
  readonly SystemProperties: JsonObject;
}

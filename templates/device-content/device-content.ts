import type { DeviceMessage, JsonObject } from '../../core/device-message.ts';
import type { Measurement } from '../../core/measurement.ts';
import type { Explanation } from './explanation.ts';
import type { BodyReader } from './message-body.ts';

export interface NormalizeContext {
  /** ISO UTC: the event's enqueued time; becomes `ingestionTimeUtc`, and the day a bare time means. */
  readonly enqueuedAt: string;
}

/** A loaded collection of device content templates. */
export interface DeviceContent {
  /** How the bodies of its messages are read. */
  readonly bodyReader: BodyReader;
  /** Each once, in template order. */
  readonly typeNames: readonly string[];
  /**
   * The measurements of a message, in the order of templates and matches. All or nothing.
   *
   * @throws IngestError with details templateIndex, typeName, member, expression; never with a value
   */
  normalize(message: DeviceMessage | JsonObject, context: NormalizeContext): Measurement[];
  /** What `normalize` does with a message, and why: step by step, for people. */
  explain(message: DeviceMessage | JsonObject, context: NormalizeContext): Explanation;
}

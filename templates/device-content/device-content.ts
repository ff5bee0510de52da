import type { DeviceMessage, JsonObject } from '../../core/device-message.ts';
import type { Measurement } from '../../core/measurement.ts';

export interface NormalizeContext {
  /** ISO UTC: the event's enqueued time; becomes `ingestionTimeUtc`, and the day a bare time means. */
  readonly enqueuedAt: string;
}

/** A loaded collection of device content templates. */
export interface DeviceContent {
  /** Each once, in template order. */
  readonly typeNames: readonly string[];
  /**
   * The measurements of a message, in the order of templates and matches. All or nothing.
   *
   * @throws IngestError with details templateIndex, typeName, member, expression; never with a value
   */
  normalize(message: DeviceMessage | JsonObject, context: NormalizeContext): Measurement[];
}

import { gunzipSync } from 'node:zlib';
import type { JsonObject } from '../core/device-message.ts';
import { IngestError } from '../core/errors.ts';
import { hasCode } from '../stores/durable-file.ts';

/**
 * What a body may become: four times the largest event of the usual tiers, since reading it takes time and memory in
 * proportion. A constant and no setting: every delivery of an event, and every replay, must judge it alike.
 */
const MAX_INFLATED_BYTES = 4 * 2 ** 20;
const GZIP_ENCODING = /^\s*(x-)?gzip\s*$/i;
const GZIP_TYPE = /^\s*application\/(x-)?gzip\s*(;|$)/i;
/** IoT Central's legacy export and some gateways write AMQP's properties, underlined, among the application's. */
const ENCODING_NAMES = ['content-encoding', 'content_encoding'];
const TYPE_NAMES = ['content-type', 'content_type'];

/** The parts of an event that say what its body is. */
export interface EventBody {
  readonly body: Uint8Array;
  readonly properties: JsonObject;
  readonly systemProperties: JsonObject;
}

/**
 * The body as it was before it was compressed. What says that it is gzip must be; what begins as gzip does is inflated
 * whatever it says, since no JSON begins like that. Zero bytes stay zero.
 *
 * @throws IngestError BODY_NOT_GZIP, or BODY_TOO_LARGE: no more than that is ever inflated
 */
export function plainBody({ body, ...said }: EventBody): Uint8Array {
  if (body.length === 0 || !(beginsAsGzip(body) || saysGzip(said))) return body;
  try {
    return gunzipSync(body, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (error) {
    if (hasCode(error, 'ERR_BUFFER_TOO_LARGE')) {
      throw new IngestError('BODY_TOO_LARGE', `Expected a body of at most ${MAX_INFLATED_BYTES} bytes, inflated`);
    }
    throw new IngestError('BODY_NOT_GZIP', 'Expected the body to be one whole gzip stream');
  }
}

/** A body in several data sections is one, cut up. */
export function joinedSections(sections: readonly unknown[]): Uint8Array | undefined {
  const parts = sections.filter((section) => section instanceof Uint8Array);
  return parts.length === sections.length && parts.length > 0 ? Buffer.concat(parts) : undefined;
}

function beginsAsGzip(body: Uint8Array): boolean {
  return body[0] === 0x1f && body[1] === 0x8b;
}

function saysGzip({ properties, systemProperties }: Omit<EventBody, 'body'>): boolean {
  const isSaid = (names: readonly string[], pattern: RegExp): boolean =>
    [systemProperties, properties].some((said) => names.some((name) => matches(said[name], pattern)));
  return isSaid(ENCODING_NAMES, GZIP_ENCODING) || isSaid(TYPE_NAMES, GZIP_TYPE);
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

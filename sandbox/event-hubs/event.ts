import {
  encodeLong,
  encodeMap,
  encodeString,
  encodeSymbol,
  encodeTimestamp,
  malformed,
  readMapEntries,
} from './amqp-encoding.ts';
import { endOfHeader, readSections, SECTION } from './amqp-message.ts';

/** A received event, taken apart so far that it can be stamped; stamping it cannot fail any more. */
export interface ParsedEvent {
  readonly header: Buffer;
  /** The client's own annotations, encoded, and how many keys and values they are together. */
  readonly annotations: Buffer;
  readonly annotationCount: number;
  /** Properties, application properties, body, footer: as they came. */
  readonly rest: Buffer;
}

type OwnAnnotations = Pick<ParsedEvent, 'annotations' | 'annotationCount'>;

/** What the hub says about an event; receivers read it from the message annotations. */
export interface EventStamp {
  readonly sequenceNumber: number;
  readonly offset: number;
  readonly enqueuedAt: number;
}

const SEQUENCE_NUMBER_KEY = 'x-opt-sequence-number';
const OFFSET_KEY = 'x-opt-offset';
const ENQUEUED_TIME_KEY = 'x-opt-enqueued-time';
const STAMPED_KEYS: ReadonlySet<string> = new Set([SEQUENCE_NUMBER_KEY, OFFSET_KEY, ENQUEUED_TIME_KEY]);
const NOTHING: Buffer = Buffer.alloc(0);
const SEQUENCE_NUMBER = encodeSymbol(SEQUENCE_NUMBER_KEY);
const OFFSET = encodeSymbol(OFFSET_KEY);
const ENQUEUED_TIME = encodeSymbol(ENQUEUED_TIME_KEY);

/** Takes an encoded message apart. Delivery annotations are hop by hop and dropped. @throws AmqpConditionError amqp:decode-error */
export function parseEvent(message: Buffer): ParsedEvent {
  let header = NOTHING;
  let own: OwnAnnotations = { annotations: NOTHING, annotationCount: 0 };
  const rest: Buffer[] = [];
  const sections = readSections(message);
  if (sections.length === 0) throw malformed('it has no sections');
  for (const { code, startsAt, valueAt, endsAt } of sections) {
    if (code === SECTION.header) header = message.subarray(startsAt, endsAt);
    else if (code === SECTION.messageAnnotations) own = ownAnnotations(message, valueAt);
    else if (code !== SECTION.deliveryAnnotations) rest.push(message.subarray(startsAt, endsAt));
  }
  return { header, ...own, rest: Buffer.concat(rest) };
}

function ownAnnotations(message: Buffer, mapAt: number): OwnAnnotations {
  const kept = readMapEntries(message, mapAt).filter(({ key }) => key === undefined || !STAMPED_KEYS.has(key));
  return {
    annotations: Buffer.concat(kept.map(({ startsAt, endsAt }) => message.subarray(startsAt, endsAt))),
    annotationCount: kept.length * 2,
  };
}

/** The event as it is stored and as receivers get it. */
export function stampEvent(event: ParsedEvent, { sequenceNumber, offset, enqueuedAt }: EventStamp): Buffer {
  const stamps = [
    SEQUENCE_NUMBER,
    encodeLong(sequenceNumber),
    OFFSET,
    encodeString(String(offset)),
    ENQUEUED_TIME,
    encodeTimestamp(enqueuedAt),
  ];
  const map = encodeMap([event.annotations, ...stamps], event.annotationCount + stamps.length);
  return Buffer.concat([event.header, sectionHead(SECTION.messageAnnotations), map, event.rest]);
}

/**
 * The stored event with where its partition ends now, for receivers that track it.
 *
 * @param last the partition's newest event
 * @param now milliseconds since the epoch
 */
export function withRuntimeMetrics(stored: Buffer, last: EventStamp, now: number): Buffer {
  const metrics = [
    encodeSymbol('last_enqueued_sequence_number'),
    encodeLong(last.sequenceNumber),
    encodeSymbol('last_enqueued_offset'),
    encodeString(String(last.offset)),
    encodeSymbol('last_enqueued_time_utc'),
    encodeTimestamp(last.enqueuedAt),
    encodeSymbol('runtime_info_retrieval_time_utc'),
    encodeTimestamp(now),
  ];
  const section = [sectionHead(SECTION.deliveryAnnotations), encodeMap(metrics, metrics.length)];
  const headerEnd = endOfHeader(stored);
  return Buffer.concat([stored.subarray(0, headerEnd), ...section, stored.subarray(headerEnd)]);
}

function sectionHead(code: number): Buffer {
  return Buffer.from([0x00, 0x53, code]);
}

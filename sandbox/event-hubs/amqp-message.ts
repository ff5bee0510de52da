import { byteAt, endOfValue, malformed, readBinary, readMapEntries, readText } from './amqp-encoding.ts';

/**
 * An AMQP message as its sections, each in the bytes it came in.
 *
 * @see https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html section 3.2
 */
export interface MessageSection {
  readonly code: number;
  readonly startsAt: number;
  readonly valueAt: number;
  readonly endsAt: number;
}

/** The message format of a transfer whose data sections are whole events, as every Azure SDK sends them. */
export const BATCH_FORMAT = 0x80013700;

export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  data: 0x75,
  footer: 0x78,
} as const;

const SECTION_NAMES: Readonly<Record<string, number>> = {
  'amqp:header:list': 0x70,
  'amqp:delivery-annotations:map': 0x71,
  'amqp:message-annotations:map': 0x72,
  'amqp:properties:list': 0x73,
  'amqp:application-properties:map': 0x74,
  'amqp:data:binary': 0x75,
  'amqp:amqp-sequence:list': 0x76,
  'amqp:amqp-value:*': 0x77,
  'amqp:footer:map': 0x78,
};
const PARTITION_KEY = 'x-opt-partition-key';
const SMALL_ULONG = 0x53;
const ULONG = 0x80;

/** The sections of a message in order. @throws AmqpConditionError amqp:decode-error */
export function readSections(bytes: Buffer): MessageSection[] {
  const sections: MessageSection[] = [];
  let startsAt = 0;
  while (startsAt < bytes.length) {
    if (bytes[startsAt] !== 0x00) throw malformed('a section was expected');
    const valueAt = endOfValue(bytes, startsAt + 1);
    const endsAt = endOfValue(bytes, valueAt);
    sections.push({ code: sectionCode(bytes, startsAt + 1), startsAt, valueAt, endsAt });
    startsAt = endsAt;
  }
  return sections;
}

function sectionCode(bytes: Buffer, descriptorAt: number): number {
  const code = numericCode(bytes, descriptorAt) ?? SECTION_NAMES[readText(bytes, descriptorAt) ?? ''];
  if (code === undefined || code < SECTION.header || code > SECTION.footer)
    throw malformed('a section is of no known kind');
  return code;
}

function numericCode(bytes: Buffer, descriptorAt: number): number | undefined {
  const type = byteAt(bytes, descriptorAt);
  if (type === SMALL_ULONG) return byteAt(bytes, descriptorAt + 1);
  return type === ULONG ? Number(bytes.readBigUInt64BE(descriptorAt + 1)) : undefined;
}

/** Opens a transfer of format `BATCH_FORMAT`. The envelope's annotations name the partition key of all its events. */
export function readBatch(envelope: Buffer): { events: Buffer[]; partitionKey: string | undefined } {
  const events: Buffer[] = [];
  for (const section of readSections(envelope)) {
    if (section.code !== SECTION.data) continue;
    const event = readBinary(envelope, section.valueAt);
    if (event === undefined) throw malformed('an event of a batch is not binary');
    events.push(event);
  }
  return { events, partitionKey: readPartitionKey(envelope) };
}

/** The partition key among a message's annotations, if it has one. */
export function readPartitionKey(message: Buffer): string | undefined {
  const annotations = readSections(message).find((section) => section.code === SECTION.messageAnnotations);
  if (annotations === undefined) return undefined;
  const entry = readMapEntries(message, annotations.valueAt).find(({ key }) => key === PARTITION_KEY);
  return entry && readText(message, entry.valueAt);
}

/** Where the header section ends: 0 for a message without one. */
export function endOfHeader(message: Buffer): number {
  const [first] = readSections(message);
  return first?.code === SECTION.header ? first.endsAt : 0;
}

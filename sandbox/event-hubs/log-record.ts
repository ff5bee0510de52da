import { crc32 } from 'node:zlib';
import type { EventStamp } from './event.ts';

/** One entry of an event log: a stored event, or with `STATE_PARTITION` the state its segment began with. */
export interface LogRecord extends EventStamp {
  /** Index of the partition. */
  readonly partition: number;
  readonly data: Buffer;
}

/** The partition index that marks the first record of a segment. */
export const STATE_PARTITION = 0xffffffff;

/** What a record takes beside its data: length, checksum of all that follows, partition, three numbers. */
const RECORD_HEAD_BYTES = 36;

const CHECKSUM_AT = 4;
const PARTITION_AT = 8;
const SEQUENCE_NUMBER_AT = 12;
const OFFSET_AT = 20;
const ENQUEUED_AT = 28;

export function encodeRecord(record: LogRecord): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_HEAD_BYTES + record.data.length);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt32LE(record.partition, PARTITION_AT);
  bytes.writeDoubleLE(record.sequenceNumber, SEQUENCE_NUMBER_AT);
  bytes.writeDoubleLE(record.offset, OFFSET_AT);
  bytes.writeDoubleLE(record.enqueuedAt, ENQUEUED_AT);
  record.data.copy(bytes, RECORD_HEAD_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(PARTITION_AT)), CHECKSUM_AT);
  return bytes;
}

/** The record at `position`; undefined if it is torn or damaged. Its data are a view of `bytes`, not a copy. */
export function decodeRecord(bytes: Buffer, position: number): LogRecord | undefined {
  if (position + RECORD_HEAD_BYTES > bytes.length) return undefined;
  const end = position + bytes.readUInt32LE(position);
  if (end < position + RECORD_HEAD_BYTES || end > bytes.length) return undefined;
  const checksum = crc32(bytes.subarray(position + PARTITION_AT, end));
  if (checksum !== bytes.readUInt32LE(position + CHECKSUM_AT)) return undefined;
  return {
    partition: bytes.readUInt32LE(position + PARTITION_AT),
    sequenceNumber: bytes.readDoubleLE(position + SEQUENCE_NUMBER_AT),
    offset: bytes.readDoubleLE(position + OFFSET_AT),
    enqueuedAt: bytes.readDoubleLE(position + ENQUEUED_AT),
    data: bytes.subarray(position + RECORD_HEAD_BYTES, end),
  };
}

export function recordBytes(record: LogRecord): number {
  return RECORD_HEAD_BYTES + record.data.length;
}

/**
 * Whether an intact record starts anywhere behind `position`. A write that was cut off leaves nothing behind it, so an
 * intact record there means that stored events are damaged.
 *
 * @param partitionCount indexes below it are plausible; anything else is skipped without a checksum
 */
export function hasRecordBehind(bytes: Buffer, position: number, partitionCount: number): boolean {
  for (let at = position + 1; at + RECORD_HEAD_BYTES <= bytes.length; at++) {
    if (bytes.readUInt32LE(at + PARTITION_AT) < partitionCount && decodeRecord(bytes, at) !== undefined) return true;
  }
  return false;
}

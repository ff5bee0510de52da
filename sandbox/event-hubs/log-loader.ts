import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeRecord, hasRecordBehind, recordBytes, STATE_PARTITION } from './log-record.ts';
import { LogSegment } from './log-segment.ts';
import type { Partition, PartitionState } from './partition.ts';

/** What a log's folder held. */
export interface LoadedSegments {
  /** In order; the last is the one to write on. */
  readonly segments: LogSegment[];
  /** The highest number a segment's file had; 0 if there was none. */
  readonly lastNumber: number;
}

/**
 * Reads a log's segments into its partitions. What a crash cut off in the midst of a write was never acknowledged and is
 * removed: the tail of the last segment, or all of it if it had not begun properly.
 *
 * @throws naming file and byte, if anything else is damaged or missing
 */
export async function loadSegments(
  folder: string,
  partitions: readonly Partition[],
  log: (line: string) => void,
): Promise<LoadedSegments> {
  const names = (await readdir(folder)).filter((name) => /^\d{12}\.log$/.test(name)).sort();
  const segments: LogSegment[] = [];
  try {
    for (const name of names) {
      const segment = await LogSegment.open(join(folder, name));
      segments.push(segment);
      const isIntact = await load(segment, partitions, {
        isFirst: segments.length === 1,
        isLast: name === names.at(-1),
      });
      if (!isIntact) log(`${segment.path}: cut off a write that was never acknowledged`);
      if (segment.byteCount === 0) await discard(segments);
    }
  } catch (error) {
    for (const segment of segments) await segment.close();
    throw error;
  }
  return { segments, lastNumber: Number.parseInt(names.at(-1) ?? '0', 10) };
}

/** @returns whether nothing had to be cut off */
async function load(
  segment: LogSegment,
  partitions: readonly Partition[],
  place: { readonly isFirst: boolean; readonly isLast: boolean },
): Promise<boolean> {
  const bytes = await segment.readAll();
  const end = restore(segment, bytes, partitions, place.isFirst);
  if (end > 0 && end === bytes.length) return true;
  if (!place.isLast || hasRecordBehind(bytes, end, partitions.length)) throw damaged(segment.path, end);
  await segment.truncate(end);
  return false;
}

/** @returns where the intact records end */
function restore(segment: LogSegment, bytes: Buffer, partitions: readonly Partition[], isFirst: boolean): number {
  const state = decodeRecord(bytes, 0);
  if (state?.partition !== STATE_PARTITION) return 0;
  if (isFirst) restoreStates(state.data, partitions);
  let position = recordBytes(state);
  for (let record = decodeRecord(bytes, position); record; record = decodeRecord(bytes, position)) {
    const partition = partitions[record.partition];
    if (partition?.state.nextSequenceNumber !== record.sequenceNumber) throw damaged(segment.path, position);
    partition.add(record, segment, position);
    segment.oldestAt ??= record.enqueuedAt;
    segment.newestAt = record.enqueuedAt;
    position += recordBytes(record);
  }
  return position;
}

function restoreStates(data: Buffer, partitions: readonly Partition[]): void {
  const states = JSON.parse(data.toString('utf8')) as PartitionState[];
  for (const [index, state] of states.entries()) partitions[index]?.restore(state);
}

/** Removes the last segment: it holds nothing, not even its beginning. */
async function discard(segments: LogSegment[]): Promise<void> {
  const segment = segments.pop();
  await segment?.unlink();
  await segment?.close();
}

function damaged(path: string, position: number): Error {
  return new Error(`${path} is damaged at byte ${position}: expected an intact record that continues its partition`);
}

import type { Measurement } from '../../core/measurement.ts';
import type { ClaimedRows, InlineRows, MeasurementBatch } from '../../core/measurement-rows.ts';
import { describeRows, encodeRows, isClaimed, rowsAbove } from '../../core/measurement-rows.ts';
import type { PositionInPartition } from '../../core/position.ts';

export const STREAM = 'namespace/hub/2024-01-01T00:00:00.000Z/0';

/** A measurement that differs from those at other positions. */
export function measurementAt([sequenceNumber, ordinal]: PositionInPartition): Measurement {
  return {
    type: 'heartRate',
    deviceId: 'device-1',
    occurrenceTimeUtc: new Date(1_700_000_000_000 + sequenceNumber * 1000).toISOString(),
    ingestionTimeUtc: new Date(1_700_000_001_000 + sequenceNumber * 1000).toISOString(),
    properties: [{ name: 'hr', value: String(60 + sequenceNumber + ordinal / 10) }],
  };
}

export function rowsAt(positions: readonly PositionInPartition[]): InlineRows {
  return encodeRows(
    positions.map(([sequenceNumber, ordinal]) => {
      return { sequenceNumber, ordinal, measurement: measurementAt([sequenceNumber, ordinal]) };
    }),
  );
}

/** Rows of single-measurement events, inline. */
export function inlineBatch(sequenceNumbers: readonly number[], of: Partial<MeasurementBatch> = {}): MeasurementBatch {
  return { stream: STREAM, partition: '0', content: rowsAt(sequenceNumbers.map((number) => [number, 0])), ...of };
}

/** Claims in memory: what a workflow's state refers to, and the rows that lie there. */
export class ClaimBox {
  readonly #rows = new Map<string, InlineRows>();

  put(rows: InlineRows): ClaimedRows {
    const claim = `claim-${this.#rows.size}`;
    this.#rows.set(claim, rows);
    return { claim, ...describeRows(rows) };
  }

  /** The rows a batch holds, as a delivery sees them. */
  open({ content, after }: MeasurementBatch): InlineRows {
    if (!isClaimed(content)) return content;
    const rows = this.#rows.get(content.claim);
    if (rows === undefined) throw new RangeError('Expected the claim to be in the box');
    return rowsAbove(rows, after);
  }
}

/** Names of the measurements in a batch: stream, partition and position. */
export function namesOf(batch: MeasurementBatch, rows: InlineRows): string[] {
  return rows.rows.map(([sequenceNumber, ordinal]) => {
    return `${batch.stream}|${batch.partition}|${sequenceNumber}|${ordinal}`;
  });
}

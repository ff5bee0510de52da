import type { DeliveryInput } from '../core/delivery.ts';
import type { Measurement } from '../core/measurement.ts';
import type { InlineRows, MeasurementBatch } from '../core/measurement-rows.ts';
import { decodeRow, isClaimed, positionOfRow, rowsAbove } from '../core/measurement-rows.ts';
import { IngestError } from '../core/errors.ts';
import type { Position } from '../core/position.ts';
import type { Claims } from '../stores/claims.ts';

/** A measurement of a delivery, and where in the delivery it stands. */
export interface Reading {
  readonly batch: number;
  /** Index among the rows of its batch, as the batch was handed in. */
  readonly row: number;
  readonly position: Position;
  readonly measurement: Measurement;
}

/** The rows of each batch of a delivery, claims read. */
export interface OpenedBatches {
  readonly readings: readonly Reading[];
  /** By batch; undefined where the claim is gone. */
  readonly rows: readonly (InlineRows | undefined)[];
}

/** Reads the claims of a delivery, and decodes every row that lies above the mark its claim arrived with. */
export async function openBatches(claims: Claims, input: DeliveryInput): Promise<OpenedBatches> {
  const rows = await Promise.all(input.batches.map((batch) => rowsOf(claims, batch)));
  const device = { deviceId: input.deviceId, type: input.type };
  const readings = input.batches.flatMap(({ stream, partition }, batch) => {
    const inline = rows[batch];
    return (inline?.rows ?? []).map((row, index): Reading => {
      const [sequenceNumber, ordinal] = positionOfRow(row);
      const position = { stream, partition, sequenceNumber, ordinal };
      return { batch, row: index, position, measurement: decode(inline, row, device) };
    });
  });
  return { readings, rows };
}

async function rowsOf(claims: Claims, { content, after }: MeasurementBatch): Promise<InlineRows | undefined> {
  if (!isClaimed(content)) return content;
  const stored = await claims.get(content.claim);
  return stored && rowsAbove(stored, after);
}

function decode(
  rows: InlineRows | undefined,
  row: InlineRows['rows'][number],
  device: { deviceId: string; type: string },
): Measurement {
  if (rows === undefined) throw new IngestError('CLAIM_MISSING', 'Expected a batch whose claim is in the store');
  return decodeRow(rows, row, device);
}

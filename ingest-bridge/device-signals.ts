import { MOST_ROWS_TOGETHER } from '../core/batch-parts.ts';
import type { InlineRows, MeasurementBatch, PositionedMeasurement } from '../core/measurement-rows.ts';
import { encodeRows } from '../core/measurement-rows.ts';
import type { Naming } from '../core/naming.ts';
import type { StreamId } from '../core/position.ts';
import type { Claims } from '../stores/claims.ts';

/** What one workflow is to be told of one batch of events. */
export interface DeviceSignals {
  readonly workflowId: string;
  readonly deviceId: string;
  readonly type: string;
  /** In position order; to be sent one after the other. */
  readonly batches: readonly InlineRows[];
}

/** A signal larger than this, encoded, carries a claim in place of its rows. */
const MAX_SIGNAL_BYTES = 32 * 1024;

/** Measurements by the workflow that takes them, position order kept. */
export function coalesce(naming: Naming, measurements: readonly PositionedMeasurement[]): DeviceSignals[] {
  const byWorkflow = new Map<string, { deviceId: string; type: string; measurements: PositionedMeasurement[] }>();
  for (const positioned of measurements) {
    const { deviceId, type } = positioned.measurement;
    const workflowId = naming.workflow(deviceId, type);
    const known = byWorkflow.get(workflowId);
    if (known === undefined) byWorkflow.set(workflowId, { deviceId, type, measurements: [positioned] });
    else known.measurements.push(positioned);
  }
  return [...byWorkflow].map(([workflowId, { deviceId, type, measurements: own }]) => ({
    workflowId,
    deviceId,
    type,
    batches: chunks(own, MOST_ROWS_TOGETHER).map(encodeRows),
  }));
}

/** The batch as a signal carries it: its rows, or, when they are large, the claim that stands for them. */
export async function toBatch(
  source: { stream: StreamId; partition: string },
  claims: Claims,
  workflowId: string,
  rows: InlineRows,
): Promise<MeasurementBatch> {
  const { stream, partition } = source;
  const isLarge = Buffer.byteLength(JSON.stringify(rows)) > MAX_SIGNAL_BYTES;
  return { stream, partition, content: isLarge ? await claims.put(workflowId, source, rows) : rows };
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < list.length; i += size) parts.push(list.slice(i, i + size));
  return parts;
}

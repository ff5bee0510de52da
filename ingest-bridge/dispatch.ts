import type { Client } from '@temporalio/client';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import type { deviceMeasurements } from '../workflows/device-measurements.ts';
import type { DeviceMeasurementsInput, DeviceMeasurementsSettings } from '../workflows/messages.ts';
import { measurementsSignal } from '../workflows/messages.ts';
import { IomtDevice, IomtMeasurementType } from '../workflows/search-attributes.ts';

/** Hands one batch to its workflow. Resolves only once it is durable there. */
export type Dispatch = (
  to: { readonly workflowId: string; readonly deviceId: string; readonly type: string },
  batch: MeasurementBatch,
) => Promise<void>;

export interface DispatchOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** By measurement type, as a workflow is started with. */
  readonly settingsFor: (type: string) => DeviceMeasurementsSettings;
}

/**
 * Hands batches over to Temporal: signals the workflow of that device and type, starting it if need be. Resolves only
 * once the signal is in its history: the caller may then move its checkpoint, not before. Batches of one workflow must
 * be handed over one after the other, in position order.
 */
export function createDispatch({ client, taskQueue, settingsFor }: DispatchOptions): Dispatch {
  return async ({ workflowId, deviceId, type }, batch) => {
    const input: DeviceMeasurementsInput = { deviceId, type, settings: settingsFor(type) };
    await client.workflow.signalWithStart<typeof deviceMeasurements, [MeasurementBatch]>('deviceMeasurements', {
      workflowId,
      taskQueue,
      args: [input],
      signal: measurementsSignal,
      signalArgs: [batch],
      typedSearchAttributes: [
        { key: IomtDevice, value: deviceId },
        { key: IomtMeasurementType, value: type },
      ],
      staticSummary: `${type} of device ${deviceId}`,
    });
  };
}

import type { Client } from '@temporalio/client';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import type { deviceMeasurements } from '../workflows/device-measurements.ts';
import type { DeviceMeasurementsInput, DeviceMeasurementsSettings } from '../workflows/messages.ts';
import { measurementsSignal } from '../workflows/messages.ts';
import { IomtDevice, IomtMeasurementType } from '../workflows/search-attributes.ts';

/** A workflow, by its id and by what that stands for. */
export interface Addressee {
  readonly workflowId: string;
  readonly deviceId: string;
  readonly type: string;
}

/** Hands one batch to its workflow. Resolves only once it is durable there. */
export type Dispatch = (to: Addressee, batch: MeasurementBatch) => Promise<void>;

export interface DispatchOptions {
  readonly client: Client;
  readonly taskQueue: string;
  /** By measurement type, as a workflow is started with. */
  readonly settingsFor: (type: string) => DeviceMeasurementsSettings;
}

/** How the workflow of a device and type is started. */
export function startOptions(
  { workflowId, deviceId, type }: Addressee,
  settings: DeviceMeasurementsSettings,
  taskQueue: string,
) {
  const input: DeviceMeasurementsInput = { deviceId, type, settings };
  return {
    workflowId,
    taskQueue,
    args: [input] as [DeviceMeasurementsInput],
    typedSearchAttributes: [
      { key: IomtDevice, value: deviceId },
      { key: IomtMeasurementType, value: type },
    ],
    staticSummary: `${type} of device ${deviceId}`,
  };
}

/**
 * Hands batches over to Temporal: signals the workflow of that device and type, starting it if need be. Resolves only
 * once the signal is in its history: the caller may then move its checkpoint, not before. Batches of one workflow must
 * be handed over one after the other, in position order.
 */
export function createDispatch({ client, taskQueue, settingsFor }: DispatchOptions): Dispatch {
  return async (to, batch) => {
    await client.workflow.signalWithStart<typeof deviceMeasurements, [MeasurementBatch]>('deviceMeasurements', {
      ...startOptions(to, settingsFor(to.type), taskQueue),
      signal: measurementsSignal,
      signalArgs: [batch],
    });
  };
}

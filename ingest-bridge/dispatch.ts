import type { Client } from '@temporalio/client';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import type { Naming } from '../core/naming.ts';
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
  readonly naming: Naming;
  /** By measurement type, as a workflow is started with. */
  readonly settingsFor: (type: string) => DeviceMeasurementsSettings;
  /** Whether workflows that run already are to have these settings; else they are only started with them. */
  readonly tellsSettings: boolean;
}

/** How the workflow of a device and type is started. */
export function startOptions(
  { workflowId, deviceId, type }: Addressee,
  settings: DeviceMeasurementsSettings,
  taskQueue: string,
  naming: Naming,
) {
  const input: DeviceMeasurementsInput = { deviceId, type, settings };
  return {
    workflowId,
    taskQueue,
    args: [input] as [DeviceMeasurementsInput],
    typedSearchAttributes: [
      { key: IomtDevice, value: naming.device(deviceId) },
      { key: IomtMeasurementType, value: type },
    ],
    // Encrypted where there is a key, other than search attributes.
    staticSummary: `${type} of device ${deviceId}`,
  };
}

/** Workflows whose settings are known to be in force; beyond so many they are told again, which costs bytes only. */
const MOST_TOLD = 100_000;

/**
 * Hands batches over to Temporal: signals the workflow of that device and type, starting it if need be. Resolves only
 * once the signal is in its history: the caller may then move its checkpoint, not before. Batches of one workflow must
 * be handed over one after the other, in position order. The first one a process hands to a workflow tells it the settings:
 * they change by a restart of the bridge, and workflows that run already are to have them too.
 */
export function createDispatch(options: DispatchOptions): Dispatch {
  const { client, taskQueue, naming, settingsFor, tellsSettings } = options;
  const told = new Set<string>();
  return async (to, batch) => {
    const settings = settingsFor(to.type);
    await client.workflow.signalWithStart<typeof deviceMeasurements, Parameters>('deviceMeasurements', {
      ...startOptions(to, settings, taskQueue, naming),
      signal: measurementsSignal,
      signalArgs: tellsSettings && !told.has(to.workflowId) ? [batch, settings] : [batch],
    });
    if (told.size >= MOST_TOLD) told.clear();
    told.add(to.workflowId);
  };
}

type Parameters = [MeasurementBatch, DeviceMeasurementsSettings?];

import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { EndedRun } from '../core/ended-run.ts';
import type { MeasurementBatch } from '../core/measurement-rows.ts';
import { measurementsSignal, recoverUpdate } from '../workflows/messages.ts';
import type { DeviceMeasurementsInput } from '../workflows/messages.ts';

/** What came to a run, in order: batches by signal, ended runs by update. */
type Arrival = { readonly batch: MeasurementBatch } | { readonly ended: EndedRun };

/** What a run was started with, and what came to it. */
export interface RunHistory {
  readonly input: DeviceMeasurementsInput;
  readonly arrivals: readonly Arrival[];
  /** Whether it ever put claims out of its hands: their rows are then decided, or lie under claims of its own. */
  readonly hasReleasedClaims: boolean;
  /** The run this one continued. */
  readonly continuedRunId: string | undefined;
}

/** @returns undefined when Temporal no longer has it */
export async function readRunHistory(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<RunHistory | undefined> {
  const events = await fetchEvents(client, workflowId, runId);
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (started == null) return undefined;
  const decode = async (payloads: Payloads): Promise<unknown> =>
    (await decodeArrayFromPayloads(client.options.loadedDataConverter, payloads))[0];
  const arrivals: Arrival[] = [];
  let hasReleasedClaims = false;
  for (const event of events) {
    const signal = event.workflowExecutionSignaledEventAttributes;
    if (signal?.signalName === measurementsSignal.name) {
      arrivals.push({ batch: (await decode(signal.input?.payloads)) as MeasurementBatch });
    }
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (update?.name === recoverUpdate.name) {
      arrivals.push({ ended: (await decode(update.args?.payloads)) as EndedRun });
    }
    hasReleasedClaims ||= event.activityTaskScheduledEventAttributes?.activityType?.name === 'releaseClaims';
  }
  const input = (await decode(started.input?.payloads)) as DeviceMeasurementsInput;
  const { continuedExecutionRunId: continued } = started;
  const continuedRunId = continued == null || continued === '' ? undefined : continued;
  return { input, arrivals, hasReleasedClaims, continuedRunId };
}

type Payloads = Parameters<typeof decodeArrayFromPayloads>[1];

async function fetchEvents(client: Client, workflowId: string, runId: string) {
  try {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    return events ?? [];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

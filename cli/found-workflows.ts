import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Command } from 'commander';
import type { RetryPhase } from '../core/backoff.ts';
import type { IngestErrorCode } from '../core/errors.ts';
import { OperatorError } from '../core/operator-error.ts';
import {
  IomtDevice,
  IomtMeasurementType,
  IomtReason,
  IomtState,
  IomtStuckSince,
} from '../workflows/search-attributes.ts';
import type { Deployment } from './deployment.ts';
import { workflowsOf } from './deployment.ts';
import { oneOf, oneOfTheCodes } from './option-values.ts';

/** Which of the open workflows; without anything those in trouble. */
export interface WorkflowFilter {
  readonly state?: RetryPhase;
  readonly reason?: IngestErrorCode;
  readonly device?: string;
  readonly type?: string;
  /** Those that are well, too. */
  readonly all?: boolean;
}

/** An open workflow as Temporal's visibility shows it: without asking it, so also when no worker runs. */
export interface FoundWorkflow {
  readonly workflowId: string;
  readonly device?: string;
  readonly type?: string;
  readonly state?: string;
  readonly reason?: string;
  /** ISO 8601 UTC. */
  readonly stuckSince?: string;
  /** ISO 8601 UTC. */
  readonly runningSince: string;
}

export async function findWorkflows(deployment: Deployment, filter: WorkflowFilter): Promise<FoundWorkflow[]> {
  const found = new Map<string, FoundWorkflow>();
  const query = workflowsOf(
    deployment,
    ["ExecutionStatus = 'Running'", ...conditionsOf(deployment, filter)].join(' AND '),
  );
  for await (const info of deployment.client.workflow.list({ query })) found.set(info.workflowId, foundOf(info));
  return [...found.values()];
}

/**
 * Workflows named one by one, or those that a filter finds; never all of them by omission.
 *
 * @throws OperatorError when it is neither, or both
 */
export function workflowsChosen(
  workflowIds: readonly string[],
  filter: WorkflowFilter,
): (deployment: Deployment) => Promise<readonly string[]> {
  const { state, reason, device, type, all = false } = filter;
  const isFiltered = all || [state, reason, device, type].some((value) => value !== undefined);
  if (workflowIds.length > 0 && isFiltered) throw new OperatorError('Name workflows or filter them, not both');
  if (workflowIds.length > 0) return () => Promise.resolve([...new Set(workflowIds)]);
  if (!isFiltered)
    throw new OperatorError('Name a workflow, or choose by --state, --reason, --device, --type or --all');
  return async (deployment) => (await findWorkflows(deployment, filter)).map(({ workflowId }) => workflowId);
}

/** Adds the options of a `WorkflowFilter`. */
export function filtered(command: Command): Command {
  return command
    .option('--state <state>', 'retrying or stuck', oneOf(['retrying', 'stuck'] satisfies RetryPhase[]))
    .option('--reason <code>', 'waiting for this, a code of docs/errors.md', oneOfTheCodes)
    .option('--device <id>', 'of this device')
    .option('--type <type>', 'of this measurement type')
    .option('--all', 'also those that are well')
    .option('--json', 'as JSON');
}

function conditionsOf({ naming }: Deployment, { state, reason, device, type, all = false }: WorkflowFilter): string[] {
  const deviceName = device === undefined ? undefined : naming.device(device);
  const named = { IomtState: state, IomtReason: reason, IomtDevice: deviceName, IomtMeasurementType: type };
  const conditions = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} = ${quoted(value)}`],
  );
  return conditions.length > 0 || all ? conditions : ['IomtState IS NOT NULL'];
}

/** Visibility queries know backslashes and quotes as SQL does. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function foundOf({ workflowId, startTime, typedSearchAttributes: attributes }: WorkflowExecutionInfo): FoundWorkflow {
  const [device, type] = [attributes.get(IomtDevice), attributes.get(IomtMeasurementType)];
  const [state, reason, stuckSince] = [
    attributes.get(IomtState),
    attributes.get(IomtReason),
    attributes.get(IomtStuckSince),
  ];
  return {
    workflowId,
    ...(device !== undefined && { device }),
    ...(type !== undefined && { type }),
    ...(state !== undefined && { state }),
    ...(reason !== undefined && { reason }),
    ...(stuckSince !== undefined && { stuckSince: stuckSince.toISOString() }),
    runningSince: startTime.toISOString(),
  };
}

import type { WorkflowHandle } from '@temporalio/client';
import { OperatorError } from '../core/operator-error.ts';
import { groupsQuery, statusQuery } from '../workflows/messages.ts';
import type { WaitingGroupView, WorkflowStatus } from '../workflows/messages.ts';
import type { Deployment } from './deployment.ts';
import { knownWords } from './failure-words.ts';

/** A workflow is loaded, and perhaps replayed, for an answer. */
const ANSWER_WITHIN_MS = 15_000;

export interface WorkflowView {
  readonly workflowId: string;
  readonly status: WorkflowStatus;
  readonly groups: readonly WaitingGroupView[];
}

export async function viewWorkflow(deployment: Deployment, workflowId: string): Promise<WorkflowView> {
  return await askWorkflow(deployment, workflowId, async (handle) => ({
    workflowId,
    status: await handle.query(statusQuery),
    groups: await handle.query(groupsQuery),
  }));
}

/** @throws OperatorError when there is no such workflow, no worker answers, or it refuses, with its reason */
export async function askWorkflow<Answer>(
  deployment: Deployment,
  workflowId: string,
  ask: (handle: WorkflowHandle) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await answerInTime(deployment, workflowId, ask);
  } catch (error) {
    const words = knownWords(error);
    throw words === undefined ? error : new OperatorError(`${workflowId}: ${words}`, { cause: error });
  }
}

/** As `askWorkflow`, with the failures of Temporal's client. */
export async function answerInTime<Answer>(
  { client }: Deployment,
  workflowId: string,
  ask: (handle: WorkflowHandle) => Promise<Answer>,
): Promise<Answer> {
  const handle = client.workflow.getHandle(workflowId);
  return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => ask(handle));
}

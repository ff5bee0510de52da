import type { ResolvedIdentity } from '../core/identity.ts';
import type { Accepted, RequestView, WaitingGroupView } from '../workflows/messages.ts';
import type { WorkflowView } from './ask-workflow.ts';
import type { Refused } from './failure-words.ts';
import type { FoundWorkflow } from './found-workflows.ts';

/** What a workflow answered to a request, or why it did not. */
export type MoveResult = { readonly workflowId: string } & (Accepted | Refused);

export function describeFound(found: readonly FoundWorkflow[]): string {
  if (found.length === 0) return 'No such workflow.';
  return found
    .map(({ workflowId, state, reason, stuckSince }) => {
      const trouble = state === undefined ? 'well' : `${state}: ${reason ?? 'unknown'}`;
      return `${workflowId}  ${trouble}${stuckSince === undefined ? '' : ` since ${stuckSince}`}`;
    })
    .join('\n');
}

export function describeView({ workflowId, status, groups }: WorkflowView): string {
  const { counts, windowClosesAt, requests } = status;
  const window = windowClosesAt === undefined ? '' : `, in a window that closes at ${windowClosesAt}`;
  return [
    workflowId,
    `  ${counts.received} measurements taken in, ${counts.outcomes.written} written, ${counts.outcomes.deadLettered} dead-lettered`,
    `  ${counts.buffered} buffered${window}; ${counts.delivering} being delivered; ${counts.waiting} waiting`,
    ...groups.flatMap(describeGroup),
    ...requests.map(describeRequest),
  ].join('\n');
}

export function describeMoved(results: readonly MoveResult[]): string {
  if (results.length === 0) return 'No such workflow.';
  return results
    .map((result) => {
      if ('refused' in result) return `${result.workflowId}: not done: ${result.refused}`;
      return `${result.workflowId}: ${result.measurementCount} measurements, request ${result.requestId}`;
    })
    .join('\n');
}

export function describeAssignment(workflowId: string, group: WaitingGroupView, to: ResolvedIdentity): string {
  const { id, measurementCount, code } = group;
  const { patient, device, encounter } = to;
  const whose = [
    `Patient/${patient}`,
    `Device/${device}`,
    ...(encounter === undefined ? [] : [`Encounter/${encounter}`]),
  ];
  return [
    `Assigning group ${id} of ${workflowId} to ${whose.join(', ')}:`,
    `  ${measurementCount} measurements${spanOf(group)}, which wait for ${code}`,
  ].join('\n');
}

function describeGroup({ id, measurementCount, code, message, ...group }: WaitingGroupView): string[] {
  const { phase, since, attemptCount, nextAttemptAt } = group;
  return [
    `  group ${id}: ${measurementCount} measurements${spanOf(group)}, ${phase} since ${since}`,
    `    ${code}: ${message}`,
    `    tried ${attemptCount} ${attemptCount === 1 ? 'time' : 'times'}, next at ${nextAttemptAt}`,
  ];
}

interface Span {
  readonly from: string;
  readonly to: string;
}

function spanOf({ from, to }: Span): string {
  if (from === '') return '';
  return from === to ? ` taken at ${from}` : ` taken from ${from} to ${to}`;
}

function describeRequest({ requestId, kind, by, why, at, measurementCount, openCount }: RequestView): string {
  const words = `  request ${requestId}: ${kind} of ${measurementCount} measurements at ${at}`;
  switch (kind) {
    case 'flushNow':
    case 'retryNow':
      return words; // what comes of them is told of the groups
    case 'assign':
    case 'deadLetter':
      return `${words} by ${by ?? ''}: ${why ?? ''} (${openCount === 0 ? 'done' : `${openCount} still open`})`;
  }
}

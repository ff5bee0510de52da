import { OperatorError } from '../core/operator-error.ts';
import type { UnrecoveredRun } from '../core/verification.ts';
import type { Deployment } from './deployment.ts';
import { unrecoveredRuns } from './deployment.ts';
import { recoverRun } from './recover-run.ts';

interface RunResult {
  readonly workflowId: string;
  readonly runId: string;
}

/** What became of the runs that were to be recovered. */
export interface RecoverResult {
  readonly recovered: readonly (RunResult & { readonly measurementCount: number })[];
  readonly failed: readonly (RunResult & { readonly reason: string })[];
}

/** Recovers every run that needs it; again and again changes nothing more. */
export async function recoverAll(deployment: Deployment, workflowId?: string): Promise<RecoverResult> {
  const runs = (await unrecoveredRuns(deployment)).filter((run) => [undefined, run.workflowId].includes(workflowId));
  const recovered: RecoverResult['recovered'][number][] = [];
  const failed: RecoverResult['failed'][number][] = [];
  for (const run of runs) {
    const { workflowId: id, runId } = run;
    try {
      recovered.push({ workflowId: id, runId, measurementCount: await recoverRun(deployment, run) });
    } catch (error) {
      failed.push({ workflowId: id, runId, reason: reasonOf(error, run) });
    }
  }
  return { recovered, failed };
}

/** Temporal's words may quote what they were given: only ours are repeated, and its error's name. */
function reasonOf(error: unknown, { status }: UnrecoveredRun): string {
  if (error instanceof OperatorError) return error.message;
  const name = error instanceof Error ? error.name : 'an unknown error';
  return `its state could not be brought back (${name}; it ended as ${status}); is a worker running?`;
}

export function describeRecovery({ recovered, failed }: RecoverResult): string {
  if (recovered.length + failed.length === 0) return 'No run has to be recovered.';
  return [
    ...recovered.map((run) => `${run.workflowId}: ${run.measurementCount} measurements brought back from ${run.runId}`),
    ...failed.map((run) => `${run.workflowId}: not recovered from ${run.runId}: ${run.reason}`),
  ].join('\n');
}

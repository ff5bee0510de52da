import type { Command } from 'commander';
import { OperatorError } from '../core/operator-error.ts';
import type { UnrecoveredRun } from '../core/verification.ts';
import type { CommandContext } from './command-context.ts';
import type { Deployment } from './deployment.ts';
import { unrecoveredRuns, withDeployment } from './deployment.ts';
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

interface RecoverOptions {
  readonly workflowId?: string;
  readonly json?: boolean;
}

export function addBatchesCommand(program: Command, contextOf: () => CommandContext): void {
  const batches = program.command('batches').description('what workflows hold');
  batches
    .command('recover')
    .description('bring back what workflow runs held that were terminated or failed; a worker must be running')
    .option('--workflow-id <id>', 'only runs of this workflow')
    .option('--json', 'as one JSON object')
    .addHelpText('after', '\nExample:\n  $ npm run -s cli -- batches recover')
    .action(async (options: RecoverOptions) => {
      const context = contextOf();
      const result = await withDeployment(context, (deployment) => recoverAll(deployment, options.workflowId));
      context.print(options.json === true ? JSON.stringify(result, null, 2) : describeResult(result));
      if (result.failed.length > 0) process.exitCode = 1;
    });
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

function describeResult({ recovered, failed }: RecoverResult): string {
  if (recovered.length + failed.length === 0) return 'No run has to be recovered.';
  return [
    ...recovered.map((run) => `${run.workflowId}: ${run.measurementCount} measurements brought back from ${run.runId}`),
    ...failed.map((run) => `${run.workflowId}: not recovered from ${run.runId}: ${run.reason}`),
  ].join('\n');
}

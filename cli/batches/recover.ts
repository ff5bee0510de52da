import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDeployment } from '../deployment.ts';
import type { Printed } from '../operator-options.ts';
import { example, show } from '../operator-options.ts';
import { workflowId } from '../option-values.ts';
import { describeRecovery, recoverAll } from '../recover-runs.ts';

export function addRecoverCommand(batches: Command, contextOf: () => CommandContext): void {
  batches
    .command('recover')
    .description('bring back what workflow runs held that were terminated or failed; a worker must be running')
    .option('--workflow-id <id>', 'only runs of this workflow', workflowId)
    .option('--json', 'as JSON')
    .addHelpText('after', example('batches recover'))
    .action(async (options: { workflowId?: string } & Printed) => {
      const context = contextOf();
      const result = await withDeployment(context, (deployment) => recoverAll(deployment, options.workflowId));
      show(context, options, result, describeRecovery(result));
      if (result.failed.length > 0) process.exitCode = 1;
    });
}

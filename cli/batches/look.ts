import type { Command } from 'commander';
import { OperatorError } from '../../core/operator-error.ts';
import { viewWorkflow } from '../ask-workflow.ts';
import { describeFound, describeView } from '../batch-report.ts';
import type { CommandContext } from '../command-context.ts';
import type { Deployment } from '../deployment.ts';
import { withDeployment } from '../deployment.ts';
import type { WorkflowFilter } from '../found-workflows.ts';
import { filtered, findWorkflows } from '../found-workflows.ts';
import type { Printed } from '../operator-options.ts';
import { example, show } from '../operator-options.ts';
import { workflowId } from '../option-values.ts';

/** A device's workflow, when its id is not at hand. */
interface OfDevice {
  readonly device?: string;
  readonly type?: string;
}

export function addLookCommands(batches: Command, contextOf: () => CommandContext): void {
  filtered(batches.command('list'))
    .description('workflows with trouble, as Temporal knows them')
    .addHelpText('after', example('batches list --reason DEVICE_NOT_FOUND'))
    .action(async (options: WorkflowFilter & Printed) => {
      const context = contextOf();
      const found = await withDeployment(context, (deployment) => findWorkflows(deployment, options));
      show(context, options, found, describeFound(found));
    });

  batches
    .command('show')
    .argument('[workflow id]', 'as `batches list` names it', workflowId)
    .option('--device <id>', 'the device, with --type instead of the workflow’s id')
    .option('--type <type>', 'the measurement type')
    .option('--json', 'as JSON')
    .description('sums, waiting groups and requests of one workflow')
    .addHelpText('after', example('batches show --device watch-1 --type heartRate'))
    .action(async (id: string | undefined, options: OfDevice & Printed) => {
      const idIn = named(id, options);
      const context = contextOf();
      const view = await withDeployment(context, (deployment) => viewWorkflow(deployment, idIn(deployment)));
      show(context, options, view, describeView(view));
    });
}

function named(id: string | undefined, { device, type }: OfDevice): (deployment: Deployment) => string {
  if (id !== undefined) return () => id;
  if (device === undefined || type === undefined)
    throw new OperatorError('Name the workflow, or its --device and --type');
  return ({ naming }) => naming.workflow(device, type);
}

import type { Command } from 'commander';
import { randomUUID } from 'node:crypto';
import { OperatorError } from '../../core/operator-error.ts';
import type { OperatorWord } from '../../core/operator-request.ts';
import type { WaitingGroupView } from '../../workflows/messages.ts';
import { assignUpdate, groupsQuery } from '../../workflows/messages.ts';
import { askWorkflow } from '../ask-workflow.ts';
import type { AssigneeOptions } from '../assignee.ts';
import { assigneeOf } from '../assignee.ts';
import type { MoveResult } from '../batch-report.ts';
import { describeAssignment, describeMoved } from '../batch-report.ts';
import type { CommandContext } from '../command-context.ts';
import type { Deployment } from '../deployment.ts';
import { withDeployment } from '../deployment.ts';
import type { Explained, Printed } from '../operator-options.ts';
import { example, explained, show, wordOf } from '../operator-options.ts';
import { groupId, workflowId } from '../option-values.ts';

type AssignOptions = AssigneeOptions & Explained & Printed;

export function addAssignCommand(batches: Command, contextOf: () => CommandContext): void {
  explained(batches.command('assign'))
    .argument('<workflow id>', 'as `batches list` names it', workflowId)
    .argument('<group id>', 'as `batches show` names it', groupId)
    .requiredOption('--patient <id>', 'id of the FHIR Patient whose readings these are')
    .option('--encounter <id>', 'id of the FHIR Encounter')
    .option('--fhir-device <id>', 'id of the FHIR Device; without it the Device is looked up by its identifier')
    .option('--json', 'as JSON')
    .description('say whose the measurements of a waiting group are; those that join it later are not concerned')
    .addHelpText('after', example('batches assign iomt.watch-1.heartRate 1f0c2a9b --patient p-17 --why "ward book"'))
    .action(async (id: string, group: string, options: AssignOptions) => {
      const word = wordOf(options);
      const context = contextOf();
      const result = await withDeployment(context, (deployment) =>
        assign(context, deployment, id, group, options, word),
      );
      show(context, options, [result], describeMoved([result]));
    });
}

/** Assigns as many measurements as it prints: were another one to come in between, the workflow would refuse. */
async function assign(
  context: CommandContext,
  deployment: Deployment,
  id: string,
  group: string,
  options: AssignOptions,
  word: OperatorWord,
): Promise<MoveResult> {
  const to = await assigneeOf(context, deployment, id, options);
  const seen = await groupOf(deployment, id, group);
  if (options.json !== true) context.print(describeAssignment(id, seen, to));
  const request = { ...word, group, measurementCount: seen.measurementCount, to };
  const accepted = await askWorkflow(deployment, id, (handle) =>
    handle.executeUpdate(assignUpdate, { args: [request], updateId: randomUUID() }),
  );
  return { workflowId: id, ...accepted };
}

async function groupOf(deployment: Deployment, id: string, group: string): Promise<WaitingGroupView> {
  const groups = await askWorkflow(deployment, id, (handle) => handle.query(groupsQuery));
  const [found, ...others] = groups.filter((each) => each.id === group);
  if (found !== undefined && others.length === 0) return found;
  const what = found === undefined ? 'no group that waits has' : 'several groups have';
  throw new OperatorError(`${id}: ${what} the id ${group} (batches show names them)`);
}

import type { Command } from 'commander';
import { randomUUID } from 'node:crypto';
import type { IngestErrorCode } from '../../core/errors.ts';
import { OperatorError } from '../../core/operator-error.ts';
import type { GroupChoice } from '../../workflows/messages.ts';
import { deadLetterUpdate } from '../../workflows/messages.ts';
import { askWorkflow } from '../ask-workflow.ts';
import { describeMoved } from '../batch-report.ts';
import type { CommandContext } from '../command-context.ts';
import { withDeployment } from '../deployment.ts';
import type { Explained, Printed } from '../operator-options.ts';
import { example, explained, show, wordOf } from '../operator-options.ts';
import { groupId, oneOfTheCodes, workflowId } from '../option-values.ts';

interface DeadLetterOptions extends Explained, Printed {
  readonly code?: IngestErrorCode;
  readonly all?: boolean;
}

export function addDeadLetterCommand(batches: Command, contextOf: () => CommandContext): void {
  explained(batches.command('dead-letter'))
    .argument('<workflow id>', 'as `batches list` names it', workflowId)
    .argument('[group id]', 'as `batches show` names it', groupId)
    .option('--code <code>', 'the groups that wait for this, a code of docs/errors.md', oneOfTheCodes)
    .option('--all', 'every group that waits')
    .option('--json', 'as JSON')
    .description('put what waits into the dead-letter store')
    .addHelpText('after', example('batches dead-letter iomt.test-1.heartRate 1f0c2a9b --why "a test device"'))
    .action(async (id: string, group: string | undefined, options: DeadLetterOptions) => {
      const request = { ...wordOf(options), ...choiceOf(group, options) };
      const context = contextOf();
      const accepted = await withDeployment(context, (deployment) =>
        askWorkflow(deployment, id, (handle) =>
          handle.executeUpdate(deadLetterUpdate, { args: [request], updateId: randomUUID() }),
        ),
      );
      const results = [{ workflowId: id, ...accepted }];
      show(context, options, results, describeMoved(results));
    });
}

/** Never every group by omission. */
function choiceOf(group: string | undefined, { code, all = false }: DeadLetterOptions): GroupChoice {
  const choices = [group !== undefined, code !== undefined, all].filter(Boolean);
  if (choices.length !== 1) throw new OperatorError('Name one group by its id, or choose by --code, or take --all');
  return { ...(group !== undefined && { group }), ...(code !== undefined && { code }) };
}

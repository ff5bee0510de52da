import type { Command } from 'commander';
import pLimit from 'p-limit';
import { flushNowUpdate, retryNowUpdate } from '../../workflows/messages.ts';
import type { Accepted, GroupChoice } from '../../workflows/messages.ts';
import { answerInTime } from '../ask-workflow.ts';
import type { MoveResult } from '../batch-report.ts';
import { describeMoved } from '../batch-report.ts';
import type { CommandContext } from '../command-context.ts';
import { withDeployment } from '../deployment.ts';
import { orRefused } from '../failure-words.ts';
import type { WorkflowFilter } from '../found-workflows.ts';
import { filtered, workflowsChosen } from '../found-workflows.ts';
import type { Printed } from '../operator-options.ts';
import { example, show } from '../operator-options.ts';
import { groupId, several, workflowId } from '../option-values.ts';

type MoveOptions = WorkflowFilter & Printed & { readonly group?: string };

/** Each may take as long as a workflow has for an answer. */
const ASKED_AT_ONCE = 20;

export function addMoveCommands(batches: Command, contextOf: () => CommandContext): void {
  filtered(batches.command('flush').argument('[workflow ids...]', '', several(workflowId)))
    .description('close the open window now')
    .addHelpText('after', example('batches flush iomt.watch-1.heartRate'))
    .action(async (ids: string[], options: MoveOptions) => {
      await moveEach(contextOf, ids, options, (handle) => handle.executeUpdate(flushNowUpdate));
    });

  filtered(batches.command('retry').argument('[workflow ids...]', '', several(workflowId)))
    .option('--group <id>', 'only the group of this id', groupId)
    .description('try waiting groups now; with --reason those that wait for it')
    .addHelpText('after', example('batches retry --reason DEVICE_NOT_FOUND'))
    .action(async (ids: string[], options: MoveOptions) => {
      const { group, reason } = options;
      const choice: GroupChoice = {
        ...(group !== undefined && { group }),
        ...(reason !== undefined && { code: reason }),
      };
      await moveEach(contextOf, ids, options, (handle) => handle.executeUpdate(retryNowUpdate, { args: [choice] }));
    });
}

/**
 * Asks every workflow: one that refuses holds up no other. Those that a filter has found may have gone on meanwhile, so the
 * exit status is 1 only when a workflow that was named refused, or all did.
 */
async function moveEach(
  contextOf: () => CommandContext,
  ids: readonly string[],
  options: MoveOptions,
  ask: Parameters<typeof answerInTime<Accepted>>[2],
): Promise<void> {
  const chosenIn = workflowsChosen(ids, options);
  const context = contextOf();
  const results = await withDeployment(context, async (deployment) => {
    const limit = pLimit(ASKED_AT_ONCE);
    const move = async (id: string): Promise<MoveResult> => ({
      workflowId: id,
      ...(await orRefused(() => answerInTime(deployment, id, ask))),
    });
    return await Promise.all((await chosenIn(deployment)).map((id) => limit(() => move(id))));
  });
  show(context, options, results, describeMoved(results));
  const refusedCount = results.filter((result) => 'refused' in result).length;
  if (refusedCount > 0 && (ids.length > 0 || refusedCount === results.length)) process.exitCode = 1;
}

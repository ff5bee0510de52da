import type { Instruments } from '../service/metrics.ts';
import { observeTemplates } from '../service/template-info.ts';
import type { TemplateVersions } from '../stores/template-versions.ts';
import type { TemporalLook } from './temporal-look.ts';

/** What any worker can tell of the whole deployment, whenever metrics are read. */
export function observeDeployment(
  instruments: Instruments<'worker'>,
  look: TemporalLook,
  versions: Pick<TemplateVersions, 'active'>,
): void {
  observeTemplates(instruments, async () => (await versions.active())?.value);
  observeQueues(instruments, look);
  instruments.workflows.addCallback(async (result) => {
    const { well, retrying, stuck } = await look.workflows();
    result.observe(well, { state: 'well' });
    result.observe(retrying, { state: 'retrying' });
    result.observe(stuck, { state: 'stuck' });
  });
  instruments.workflowsStuckLong.addCallback(async (result) => {
    const { stuckLongerThan } = await look.workflows();
    result.observe(stuckLongerThan['1h'], { longer_than: '1h' });
    result.observe(stuckLongerThan['24h'], { longer_than: '24h' });
  });
}

function observeQueues(
  { taskQueueBacklogTasks, taskQueueBacklogSeconds, taskQueuePollers }: Instruments<'worker'>,
  look: TemporalLook,
): void {
  const queues = ['workflows', 'fhir'] as const;
  taskQueueBacklogTasks.addCallback(async (result) => {
    const found = await look.queues();
    for (const queue of queues) result.observe(found[queue].backlogTasks, { queue });
  });
  taskQueueBacklogSeconds.addCallback(async (result) => {
    const found = await look.queues();
    for (const queue of queues) result.observe(found[queue].backlogMs / 1000, { queue });
  });
  taskQueuePollers.addCallback(async (result) => {
    const found = await look.queues();
    for (const queue of queues) result.observe(found[queue].pollerCount, { queue });
  });
}

import { expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflows } from '../../worker/worker.ts';

const FOLDER = join(import.meta.dirname, '../replay');
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

interface RecordedHistory {
  readonly events: readonly [{ readonly workflowExecutionStartedEventAttributes: { readonly workflowId: string } }];
}

test('there are recorded histories of what was released', () => {
  expect(files.length).toBeGreaterThanOrEqual(2);
});

test('workflows that are running when the code changes go on: every recorded history replays', async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const workflowBundle = await bundleWorkflows();
  for (const file of files) {
    const history = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as RecordedHistory;
    // Windows and retries are spread by the workflow's id: it is part of what is replayed.
    const { workflowId } = history.events[0].workflowExecutionStartedEventAttributes;
    await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
  }
});

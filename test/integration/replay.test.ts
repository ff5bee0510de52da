import { expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflows } from '../../worker/worker.ts';

const FOLDER = join(import.meta.dirname, '../replay');
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

test('there are recorded histories of what was released', () => {
  expect(files.length).toBeGreaterThanOrEqual(2);
});

test('workflows that are running when the code changes go on: every recorded history replays', async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const workflowBundle = await bundleWorkflows();
  for (const file of files) {
    const history: unknown = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
    await Worker.runReplayHistory({ workflowBundle }, history, file);
  }
});

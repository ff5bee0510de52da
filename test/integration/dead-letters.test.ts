import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addDeadLettersCommand } from '../../cli/dead-letters.ts';
import { withDeployment } from '../../cli/deployment.ts';
import { verifyStatus } from '../../cli/status.ts';
import { createLetterStates } from '../../stores/letter-states.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

const DAY = Date.UTC(2026, 0, 5, 10);
const at = (index: number): string => new Date(DAY + index * 5000).toISOString();
const reading = (index: number, heartRate: unknown): object => ({
  deviceId: 'monitor-a',
  measuredAt: at(index),
  heartRate,
});

describe('dead-letters', () => {
  let system: LocalSystem;
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iomt-letters-'));
    system = await LocalSystem.start({ windows: 'heartRateHourly=1h' });
    await system.register('monitor-a', 'patient-a');
    await system.startWorker();
    await system.startBridge();
  });

  afterEach(async () => {
    process.exitCode = undefined;
    await system.stop();
    await rm(folder, { recursive: true });
  });

  async function cli(...args: string[]): Promise<string> {
    const lines: string[] = [];
    const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    addDeadLettersCommand(program, () => ({ ...system.context(), print: (line) => lines.push(line) }));
    await program.parseAsync(['node', 'iomt-fhir', 'dead-letters', ...args]);
    return lines.join('\n');
  }

  interface Listed {
    readonly id: string;
    readonly standing: string;
    readonly code: string;
    readonly replayOf?: string;
  }
  const listed = async (...args: string[]): Promise<Listed[]> =>
    JSON.parse(await cli('list', '--json', ...args)) as Listed[];
  const held = (count: number, ...args: string[]): Promise<Listed[]> =>
    eventually(async () => {
      const letters = await listed(...args);
      expect(letters).toHaveLength(count);
      return letters;
    });
  const singles = async (): Promise<string[]> => {
    const found = await system.observations('&subject=Patient/patient-a');
    const own = found.filter(({ code }) => code.text === 'heartRate');
    return own.map(({ effectivePeriod, valueQuantity }) => `${effectivePeriod?.start?.slice(17, 19)} ${valueQuantity?.value}`); // prettier-ignore
  };
  const agreed = async (more: object = {}): Promise<void> => {
    await eventually(async () => {
      expect(await verifyStatus(system.context(), 0)).toMatchObject({ agrees: true, ...more });
    });
  };

  test('are listed and chosen without what they hold, and shown with it', async () => {
    await system.send('monitor-a', '{"deviceId": "monitor-a", "broken', reading(0, 'abc'));
    await held(1, '--code', 'BODY_NOT_JSON');
    const transformed = await held(1, '--type', 'heartRate', '--device', 'monitor-a');
    const words = await cli('list');
    expect(words).toContain('BODY_NOT_JSON');
    for (const text of [words, await cli('list', '--json')]) {
      expect(text).not.toContain('broken');
      expect(text).not.toContain('abc');
    }
    expect(await cli('show', transformed[0]!.id.slice(0, 8))).toContain('"abc"');
    expect(await listed('--since', '2100-01-01')).toEqual([]);
    expect(await listed('--stage', 'normalize', '--until', '2100-01-01')).toMatchObject([{ code: 'BODY_NOT_JSON' }]);
    await expect(cli('list', '--since', 'yesterday')).rejects.toThrow('Expected a day in UTC such as');
    await expect(cli('show', 'ffff')).rejects.toThrow('no dead letter has an id that begins so');
    await expect(cli('replay', '--why', 'x')).rejects.toThrow('Name a letter, choose by');
  });

  test('are replayed with an edit as if they had worked the first time, and keep the original', async () => {
    await system.send('monitor-a', reading(0, 60), '{"deviceId": "monitor-a", "broken', reading(2, 'abc'));
    const [event] = await held(1, '--stage', 'normalize');
    const [measurement] = await held(1, '--stage', 'transform', '--type', 'heartRate');

    expect(await cli('replay', event!.id, '--why', 'as it is')).toContain(
      'not handed over: it fails again: BODY_NOT_JSON',
    );
    expect(process.exitCode).toBe(1);
    const body = join(folder, 'body.json');
    await writeFile(body, JSON.stringify(reading(1, 61)));
    expect(await cli('replay', event!.id, '--edit', body, '--by', 'ada', '--why', 'a torn message')).toContain(
      'handed over, 2 measurements',
    );
    const values = join(folder, 'measurements.json');
    const content = await cli('show', measurement!.id, '--content');
    await writeFile(values, content.replace('abc', '62'));
    await cli('replay', measurement!.id.slice(0, 10), '--edit', values, '--why', 'a typing error');

    await eventually(async () => {
      expect(await singles()).toEqual(['00 60', '05 61', '10 62']);
    });
    await agreed({ replayedLetterCount: 2, deadLetterCount: 0, workflows: { replayed: 3 } });
    const shown = JSON.parse(await cli('show', event!.id)) as { replays: object[]; bodyText: string };
    expect(shown.bodyText).toBe('{"deviceId": "monitor-a", "broken');
    expect(shown.replays).toMatchObject([{ n: 1, by: 'ada', why: 'a torn message', handedOver: [{}, {}] }]);
    expect(await listed('--state', 'replayed')).toHaveLength(2);
  });

  test('are replayed any number of times with one result, and fail again into a letter that names the first', async () => {
    await system.send('monitor-a', reading(0, 'abc'));
    const [first] = await held(1, '--type', 'heartRate');
    await cli('replay', first!.id, '--why', 'once more');
    const again = await eventually(async () => {
      const found = (await listed('--type', 'heartRate')).filter(({ replayOf }) => replayOf === first!.id);
      expect(found).toHaveLength(1);
      return found[0]!;
    });
    expect(await cli('replay', first!.id, '--why', 'twice')).toContain('it was replayed at');
    const values = join(folder, 'measurements.json');
    await writeFile(values, (await cli('show', again.id, '--content')).replace('abc', '60'));
    for (const more of [[], ['--again'], ['--again']]) {
      await eventually(async () => {
        process.exitCode = undefined;
        await cli('replay', again.id, '--edit', values, '--why', 'mended', ...more);
        expect(process.exitCode).toBeUndefined();
      });
    }
    await eventually(async () => {
      expect(await singles()).toEqual(['00 60']);
    });
    await agreed({ workflows: { replayed: 4 } });
    expect(await listed('--type', 'heartRate')).toEqual([]);
  });

  test('go on with a replay that was cut off, and say so', async () => {
    await system.send('monitor-a', reading(0, 'abc'), '{');
    const [letter] = await held(1, '--type', 'heartRate');
    const [other] = await held(1, '--stage', 'normalize');
    await withDeployment(system.context(), ({ store, name }) =>
      createLetterStates(store, name).put(
        { letterId: letter!.id, replays: [{ n: 1, by: 'ada', why: 'cut off', startedAt: at(0) }] },
        undefined,
      ),
    );
    expect(await cli('list', '--type', 'heartRate')).toContain(`(replay begun ${at(0)})`);
    expect(JSON.parse(await cli('show', letter!.id))).toMatchObject({ standing: 'held', replayBegunAt: at(0) });
    const told = await cli('replay', other!.id, letter!.id, '--why', 'once more');
    expect(told).toContain(`${other!.id}: not handed over: it fails again`);
    expect(told).toContain(`${letter!.id}: handed over, 1 measurements (resumed the replay begun ${at(0)})`);
    expect(await cli('list', '--state', 'all')).not.toContain('replay begun');

    expect(await cli('replay', '--type', 'heartRate', '--state', 'held', '--again', '--why', 'more')).not.toContain(letter!.id); // prettier-ignore
    await eventually(async () => {
      expect(await cli('replay', '--type', 'heartRate', '--again', '--why', 'more')).toContain(`${letter!.id}: handed over, 1`); // prettier-ignore
    });
  });

  test('count as decided where Temporal no longer knows what took them in', async () => {
    await system.send('monitor-a', reading(0, 'abc'));
    const [letter] = await held(1, '--type', 'heartRate');
    const handedOver = [{ workflowId: 'nothing.of.this', measurementCount: 1 }];
    const replay = { n: 1, by: 'ada', why: 'long ago', startedAt: at(0), handedOverAt: at(1), handedOver };
    await withDeployment(system.context(), ({ store, name }) =>
      createLetterStates(store, name).put({ letterId: letter!.id, replays: [replay] }, undefined),
    );
    expect(await cli('replay', letter!.id, '--again', '--why', 'more')).toContain('handed over, 1 measurements');
  });

  test('can be given up, and are not replayed then', async () => {
    await system.send('monitor-a', '{', '{{');
    await held(2);
    expect(await cli('discard', '--code', 'BODY_NOT_JSON', '--why', 'noise')).toContain('discarded');
    await agreed({ deadLetterCount: 0, discardedLetterCount: 2 });
    const [letter] = await listed('--state', 'discarded');
    expect(await cli('replay', letter!.id, '--why', 'after all')).toContain('it was discarded');
  });
});

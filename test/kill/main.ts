import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { findTemporal } from '../../sandbox/temporal-executable.ts';
import { killLeftovers } from './leftovers.ts';
import type { Plan } from './plan.ts';
import { drawTroubles, readPlan, USAGE } from './plan.ts';
import { Random } from './random.ts';
import type { RunResult } from './run.ts';
import { run } from './run.ts';

async function main(plan: Plan): Promise<void> {
  const named = process.env['IOMT_TEMPORAL_CLI'];
  const executable = await findTemporal({ named, cacheDir: process.env['IOMT_CACHE_DIR'], progress: print });
  let passed = 0;
  let failed = 0;
  for (const seed of plan.seeds) {
    const ending = await runOnce(plan, seed, executable);
    if (ending === 'passed') passed += 1;
    else failed += 1;
    if (ending === 'cut off') break; // it still goes on: nothing can run beside it
  }
  print(`${passed} passed, ${failed} failed`);
  process.exit(passed === plan.seeds.length ? 0 : 1);
}

type Ending = 'passed' | 'failed' | 'cut off';

async function runOnce(plan: Plan, seed: number, temporalExecutable: string): Promise<Ending> {
  const dataDir = await mkdtemp(join(tmpdir(), 'iomt-kill-'));
  const startedAt = performance.now();
  const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(1);
  let saidLast = 'nothing yet';
  const say = (line: string): void => {
    saidLast = line.trim();
    appendFileSync(join(dataDir, 'kill-test.log'), `${new Date().toISOString()} ${line}\n`);
    if (plan.seeds.length === 1) print(`${seconds().padStart(6)} s  ${line}`);
  };
  print(`seed ${seed}, data in ${dataDir}`);
  const random = new Random(seed);
  const troubles = drawTroubles(plan, random);
  const running = run({ dataDir, temporalExecutable, random, troubles, say }).catch(describeError);
  const outcome = await Promise.race([running, rest(plan.limitMs, undefined, { ref: false })]);
  const late = `Not over after ${plan.limitMs / 1000} s; the last that was said: ${saidLast}`;
  const failures = typeof outcome === 'object' ? outcome.failures : [outcome ?? late];
  const summary = typeof outcome === 'object' ? `${describeResult(outcome)}, ` : '';
  print(`seed ${seed} ${failures.length === 0 ? 'passed' : 'FAILED'}: ${summary}${seconds()} s`);
  for (const failure of failures) print(failure);
  if (failures.length > 0) print(`What everybody did and kept is in ${dataDir}`);
  else if (!plan.keeps) await rm(dataDir, { recursive: true, force: true });
  if (outcome === undefined) return 'cut off';
  return failures.length === 0 ? 'passed' : 'failed';
}

function describeResult(result: RunResult): string {
  const { sentCount, resentCount, observationCount, historyCount, kills, endings } = result;
  const counts = `${sentCount} readings, ${observationCount} Observations, ${historyCount} histories`;
  return `${counts}, batches sent again: ${resentCount}, killed: ${kills}, ended by themselves: ${endings}`;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [];
  const causes = [...(error.cause === undefined ? [] : [error.cause]), ...errors];
  return [error.stack ?? error.message, ...causes.map((cause) => `  caused by ${describeError(cause)}`)].join('\n');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function planOrUsage(): Plan | undefined {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return undefined;
  try {
    return readPlan(args);
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
    return undefined;
  }
}

process.on('exit', killLeftovers);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const plan = planOrUsage();
if (plan === undefined) print(USAGE);
else await main(plan);

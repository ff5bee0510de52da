import { execFileSync } from 'node:child_process';
import type { Comparison, Spread } from './rounds.ts';

/** Runs one workload, by its whole name. */
const ONE = '--one';

/** A table with a row for each workload, or for those whose names hold the first argument. */
export interface SideBySide<Workload extends { readonly name: string }> {
  /** Of the columns that `describe` fills; the rates follow. */
  readonly header: string;
  readonly workloads: readonly Workload[];
  /** Checks first that both do the same. */
  readonly measure: (workload: Workload) => Comparison;
  readonly describe: (workload: Workload) => readonly (string | number)[];
}

/** Each in a process of its own: in service too there is one of a kind, and code that has met others is slower. */
export function runSideBySide<Workload extends { readonly name: string }>(
  program: string,
  table: SideBySide<Workload>,
): void {
  const [first = '', name] = process.argv.slice(2);
  if (first === ONE) {
    process.stdout.write(rowOf(table, name));
    return;
  }
  process.stdout.write(`${table.header}\n`);
  for (const workload of table.workloads.filter((each) => each.name.includes(first))) {
    const args = [...process.execArgv, program, ONE, workload.name];
    process.stdout.write(execFileSync(process.execPath, args, { encoding: 'utf8' }));
  }
}

function rowOf<Workload extends { readonly name: string }>(table: SideBySide<Workload>, name: string | undefined) {
  const workload = table.workloads.find((each) => each.name === name);
  if (workload === undefined) throw new RangeError(`Expected the name of a workload after ${ONE}`);
  const { ours, naive, ratio } = table.measure(workload);
  const rates = [ours, naive].map((spread) => textOf(spread, rounded));
  const times = textOf(ratio, (value) => value.toFixed(1));
  return `| ${[...table.describe(workload), ...rates, times].join(' | ')} |\n`;
}

function textOf({ least, median, most }: Spread, write: (value: number) => string): string {
  return `${write(median)} (${write(least)}–${write(most)})`;
}

/** To three digits. */
function rounded(rate: number): string {
  return Number(rate.toPrecision(3)).toLocaleString('en-GB');
}

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricKey, ProcessName } from '../service/metric-catalogue.ts';
import { METRICS, prometheusName } from '../service/metric-catalogue.ts';

const FILE = join(import.meta.dirname, 'metrics.md');

const TABLES: Readonly<Record<string, readonly ProcessName[]>> = {
  'ingest-bridge': ['ingest-bridge'],
  worker: ['worker'],
  both: ['ingest-bridge', 'worker'],
};

/** The page on metrics with its tables written anew; what lies between their markers is lost. */
export function metricsPage(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, of]) => {
    const [begin, end] = [`<!-- metrics of ${name} -->`, `<!-- end of metrics of ${name} -->`];
    const [before, rest] = split(text, begin);
    const [, after] = split(rest, end);
    return `${before}${begin}\n\n${table(of)}\n\n${end}${after}`;
  }, page);
}

function split(text: string, marker: string): [string, string] {
  const at = text.indexOf(marker);
  if (at < 0) throw new RangeError(`Expected the page to hold ${marker}`);
  return [text.slice(0, at), text.slice(at + marker.length)];
}

/** The metrics of exactly these processes. Cells are filled up as prettier does it. */
function table(of: readonly ProcessName[]): string {
  const keys = (Object.keys(METRICS) as MetricKey[]).filter((key) => String(METRICS[key].of) === String(of));
  const rows = [['Metric', 'Type', 'Labels', 'Unit', 'Meaning'], ...keys.map(describe)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = '', ...lines] = rows.map((row) => {
    return `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  });
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines].join('\n');
}

function describe(key: MetricKey): string[] {
  const { kind, labels, unit, description } = METRICS[key];
  const described = Object.entries<readonly string[] | string>(labels).map(([label, values]) =>
    typeof values === 'string' ? `\`${label}\`` : `\`${label}\` (${values.map((value) => `\`${value}\``).join(', ')})`,
  );
  return [`\`${prometheusName(key)}\``, kind, described.join(', '), unit.replace(/[{}]/g, ''), description];
}

if (import.meta.main) writeFileSync(FILE, metricsPage(readFileSync(FILE, 'utf8')));

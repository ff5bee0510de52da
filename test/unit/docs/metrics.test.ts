import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { metricsPage } from '../../../docs/generate-metrics.ts';
import type { MetricKey } from '../../../service/metric-catalogue.ts';
import { METRICS, prometheusName } from '../../../service/metric-catalogue.ts';

const root = join(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const page = read('docs/metrics.md');
const ALERTS = 'deploy/prometheus/alerts.yml';
const DASHBOARD = 'deploy/grafana/iomt.json';

/** Every series by its name in Prometheus, with its labels and those words they can hold, where these are known. */
const series = new Map<string, Readonly<Record<string, readonly string[] | string>>>(
  (Object.keys(METRICS) as MetricKey[]).flatMap((key) => {
    const { kind, labels } = METRICS[key];
    const suffixes = kind === 'histogram' ? ['_bucket', '_sum', '_count', ''] : [''];
    const all = kind === 'histogram' ? { ...labels, le: 'the bound of a bucket' } : labels;
    return suffixes.map((suffix) => [`${prometheusName(key)}${suffix}`, all] as const);
  }),
);

const namesIn = (text: string): string[] => [...text.matchAll(/\biomt_\w+/g)].map(([name]) => name);

interface Rule {
  readonly alert: string;
  readonly expr: string;
}
const rules = (parse(read(ALERTS)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const panels = (JSON.parse(read(DASHBOARD)) as { panels: { title: string; targets?: { expr: string }[] }[] }).panels;
const expressions = [
  ...rules.map(({ alert, expr }) => ({ name: alert, expr })),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ name: title, expr }))),
];

test('the tables of the page on metrics are up to date: node docs/generate-metrics.ts writes them', () => {
  expect(page).toBe(metricsPage(page));
});

test.each(['docs/metrics.md', ALERTS, DASHBOARD])('%s names metrics that there are', (file) => {
  const names = namesIn(read(file));
  expect(names).not.toEqual([]);
  expect(names.filter((name) => !series.has(name))).toEqual([]);
});

test('the page explains exactly the alarms that there are', () => {
  const explained = [...page.matchAll(/^\| `(Iomt\w+)`/gm)].map(([, name]) => name);
  expect(explained).toEqual(rules.map(({ alert }) => alert));
});

describe.each(expressions)('$name', ({ expr }) => {
  test('closes what it opens', () => {
    const stack: string[] = [];
    const closing: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
    for (const character of expr.replace(/"[^"]*"/g, '')) {
      if (Object.values(closing).includes(character)) stack.push(character);
      else if (character in closing) expect(stack.pop()).toBe(closing[character]);
    }
    expect(stack).toEqual([]);
  });

  test('asks for labels, and words of them, that its metrics have', () => {
    for (const [, name = '', , label, operator, word] of expr.matchAll(/\b(iomt_\w+)(\{(\w+)(=~?)"([^"]*)"\})/g)) {
      const values = series.get(name)?.[label ?? ''];
      expect([name, label, values === undefined]).toEqual([name, label, false]);
      if (operator === '=' && Array.isArray(values)) expect(values).toContain(word);
    }
    const known = new Set(namesIn(expr).flatMap((name) => Object.keys(series.get(name) ?? {})));
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(/,\s*/));
    expect(grouped.filter((label) => !known.has(label))).toEqual([]);
  });
});

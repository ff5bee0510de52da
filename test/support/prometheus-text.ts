/** One time series of Prometheus' text, as it was read. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|(?=\}))/;
const ESCAPES: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/**
 * Reads Prometheus' text format, strictly: what Prometheus itself would refuse, or a series that is there twice, fails.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parsePrometheusText(text: string): Map<string, Family> {
  const families = new Map<string, { name: string; type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, keyword, name = '', rest = ''] = comment;
      const family = families.get(name) ?? { name, type: '', help: '', samples: [] };
      families.set(name, keyword === 'TYPE' ? { ...family, type: rest } : { ...family, help: rest });
      continue;
    }
    if (line.startsWith('#')) continue;
    const sample = parseSample(line);
    const series = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(series)) throw new Error(`Expected each series once: ${line}`);
    seen.add(series);
    const family = families.get(sample.name) ?? families.get(sample.name.replace(/_(bucket|sum|count)$/, ''));
    if (family === undefined) throw new Error(`Expected a TYPE before its samples: ${line}`);
    family.samples.push(sample);
  }
  return families;
}

/** The sum of all series of a metric that have these labels. */
export function sumOf(families: ReadonlyMap<string, Family>, name: string, labels: Sample['labels'] = {}): number {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  return (family?.samples ?? [])
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

function parseSample(line: string): Sample {
  const name = NAME.exec(line)?.[0] ?? fail(line);
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const [whole, label = '', value = ''] = LABEL.exec(rest) ?? fail(line);
      labels[label] = value.replace(/\\[\\"n]/g, (escaped) => ESCAPES[escaped] ?? fail(line));
      rest = rest.slice(whole.length);
    }
    rest = rest.slice(1);
  }
  const written = /^ (\S+)$/.exec(rest)?.[1] ?? fail(line);
  const value = written === '+Inf' ? Infinity : written === '-Inf' ? -Infinity : Number(written);
  if (Number.isNaN(value) && written !== 'NaN') fail(line);
  return { name, labels, value };
}

function fail(line: string): never {
  throw new Error(`Expected a line of Prometheus' text format: ${line}`);
}

import { seriesSamples } from './time-series.ts';
import type { SeriesSample, TimeSeries } from './time-series.ts';
import { formatTicks } from './ticks.ts';

export interface SeriesTextOptions {
  /** Id of the Observation, which is told with its series. */
  readonly observation: string | undefined;
  /** Whether slots without a valid sample are told too. */
  readonly withGaps: boolean;
}

const COLUMNS = ['time', 'name', 'value', 'unit', 'limit', 'limitValue', 'dimension', 'observation'];

/** Of CSV as RFC 4180 has it: the lines of all series come below it. */
export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`;

/** A line for each sample; the dimension is told where an instant has several. */
export function* csvLines(series: TimeSeries, { observation, withGaps }: SeriesTextOptions): Generator<string> {
  const { name, unit, limits, dimensions } = series;
  const [nameField, unitField, observationField] = [name, unit, observation].map(csvField);
  for (const sample of told(series, withGaps)) {
    const value = sample.kind === 'value' ? sample.value : '';
    const limit = sample.kind === 'limit' ? `${sample.limit},${limits[sample.limit] ?? ''}` : ',';
    const dimension = dimensions > 1 ? sample.dimension : '';
    yield `${formatTicks(sample.at)},${nameField},${value},${unitField},${limit},${dimension},${observationField}\r\n`;
  }
}

/** One JSON object in pieces, a sample a line; decimals are numbers with the digits they have. */
export function* jsonPieces(series: TimeSeries, { observation, withGaps }: SeriesTextOptions): Generator<string> {
  const { name, unit, limits, dimensions } = series;
  const members = [
    ...(observation === undefined ? [] : [`"observation": ${JSON.stringify(observation)}`]),
    `"name": ${JSON.stringify(name)}`,
    ...(unit === undefined ? [] : [`"unit": ${JSON.stringify(unit)}`]),
    ...(dimensions === 1 ? [] : [`"dimensions": ${dimensions}`]),
    ...(limits.upper === undefined ? [] : [`"upperLimit": ${limits.upper}`]),
    ...(limits.lower === undefined ? [] : [`"lowerLimit": ${limits.lower}`]),
  ];
  yield `{ ${members.join(', ')}, "samples": [`;
  let separator = '\n';
  for (const sample of told(series, withGaps)) {
    const dimension = dimensions === 1 ? '' : `, "dimension": ${sample.dimension}`;
    yield `${separator}  { "time": "${formatTicks(sample.at)}"${dimension}, ${jsonMember(sample)} }`;
    separator = ',\n';
  }
  yield separator === '\n' ? '] }' : '\n] }';
}

function* told(series: TimeSeries, withGaps: boolean): Generator<SeriesSample> {
  for (const sample of seriesSamples(series)) if (withGaps || sample.kind !== 'gap') yield sample;
}

function jsonMember(sample: SeriesSample): string {
  switch (sample.kind) {
    case 'value':
      return `"value": ${sample.value}`;
    case 'limit':
      return `"limit": "${sample.limit}"`;
    case 'gap':
      return '"value": null';
  }
}

function csvField(text = ''): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

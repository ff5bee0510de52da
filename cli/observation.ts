import type { Command } from 'commander';
import { Option } from 'commander';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { OperatorError } from '../core/operator-error.ts';
import { CSV_HEADER, csvLines, jsonPieces } from '../core/time-series-text.ts';
import { timeSeriesOf, valueElementsIn } from '../core/time-series.ts';
import type { TimeSeries } from '../core/time-series.ts';
import type { CommandContext } from './command-context.ts';
import type { FoundResource } from './resource-source.ts';
import { readResources, UnreadableSource } from './resource-source.ts';

interface DecodeOptions {
  readonly format: 'json' | 'csv';
  readonly component?: string;
  readonly gaps?: boolean;
}

interface ObservedSeries {
  readonly series: TimeSeries;
  /** Id of its Observation, if it has one. */
  readonly observation: string | undefined;
}

/** Exit statuses. */
const UNDECODABLE = 1;
const UNREADABLE = 2;

/** So much is written at once: a stream costs per write. */
const BLOCK_LENGTH = 65_536;

const HELP = `
<source> is a file, - for standard input, or the id of an Observation on the configured FHIR server. A file holds an
Observation, a Bundle of them, or a resource on each line.

Exit status:
  0  the samples were written
  1  what was read cannot be decoded: not JSON, no Observation, no SampledData in it, a token that is none
  2  nothing could be read: no such file or Observation, or the FHIR server does not answer

Examples:
  $ npm run -s cli -- observation decode observation.json --format csv
  $ curl -s 'http://127.0.0.1:8080/fhir/Observation?subject=Patient/jo' | npm run -s cli -- observation decode -`;

export function addObservationCommand(program: Command, contextOf: () => CommandContext): void {
  program
    .command('observation')
    .description('look into Observations')
    .command('decode')
    .argument('<source>', 'a file, - for standard input, or the id of an Observation')
    .description('turn the SampledData of Observations back into time series')
    .addOption(new Option('--format <format>', 'how they are written').choices(['json', 'csv']).default('json'))
    .option('--component <name>', 'only the series of that name: a value name, or what the code says')
    .option('--gaps', 'also the slots without a valid sample, which have no value')
    .addHelpText('after', HELP)
    .action(async (source: string, options: DecodeOptions) => {
      try {
        await decode(source, options, contextOf);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        process.stderr.write(`${error.message}\n`);
        process.exitCode = error instanceof UnreadableSource ? UNREADABLE : UNDECODABLE;
      }
    });
}

async function decode(source: string, options: DecodeOptions, contextOf: () => CommandContext): Promise<void> {
  const { createHttpFhirClient } = await import('../activities/http-fhir-client.ts');
  const { found, pages } = await readResources(source, () => {
    const { fhirUrl, fhirTimeout } = contextOf().config;
    if (fhirUrl !== undefined) return createHttpFhirClient({ baseUrl: fhirUrl, timeoutMs: fhirTimeout });
    const way = 'set IOMT_FHIR_URL, or start a local system (npm start)';
    throw new UnreadableSource(`There is no file ${source}; to read the Observation of that id, ${way}`);
  });
  const { series, withoutCount } = decodeAll(found, options.component);
  const note = (line: string): void => void process.stderr.write(`${line}\n`);
  for (const page of pages) note(`${page}: a page of a search; the others are not in it`);
  if (withoutCount > 0) note(`Without SampledData, and left out: ${withoutCount} of ${found.length} Observations`);
  await writeBlocks(process.stdout, textOf(series, options));
}

/**
 * The series of all Observations. All are read before any is written: half of them would pass for the whole.
 *
 * @param component the name that series are chosen by
 * @throws OperatorError
 */
export function decodeAll(found: readonly FoundResource[], component: string | undefined) {
  const perObservation = found.map(seriesIn);
  const all = perObservation.flat();
  if (all.length === 0) throw new OperatorError(describeNone(found));
  const series = component === undefined ? all : all.filter(({ series: { name } }) => name === component);
  if (series.length > 0) return { series, withoutCount: perObservation.filter(({ length }) => length === 0).length };
  const names = new Set(all.map(({ series: { name } }) => name));
  throw new OperatorError(`Expected a component out of ${[...names].join(', ')}`);
}

/** @throws OperatorError naming the place */
function seriesIn({ resource, place }: FoundResource): ObservedSeries[] {
  try {
    return timeSeriesOf(resource).map((series) => ({ series, observation: idOf(resource) }));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(`${place}: ${error.message}`, { cause: error });
  }
}

function idOf(resource: unknown): string | undefined {
  const { id } = resource as { id?: unknown };
  return typeof id === 'string' ? id : undefined;
}

function describeNone(found: readonly FoundResource[]): string {
  const [first] = found;
  if (first === undefined) return 'There is no Observation in it';
  const elements = new Set(found.flatMap(({ resource }) => valueElementsIn(resource)));
  const where = found.length === 1 ? `${first.place}: the Observation holds` : `The ${found.length} Observations hold`;
  return `${where} no SampledData, but ${elements.size === 0 ? 'no value at all' : [...elements].join(', ')}`;
}

/** In pieces, however long the series are. */
export function* textOf(all: readonly ObservedSeries[], { format, gaps = false }: DecodeOptions): Generator<string> {
  switch (format) {
    case 'csv':
      yield CSV_HEADER;
      for (const { series, observation } of all) yield* csvLines(series, { observation, withGaps: gaps });
      return;
    case 'json':
      yield '[';
      for (const [index, { series, observation }] of all.entries()) {
        yield index === 0 ? '' : ', ';
        yield* jsonPieces(series, { observation, withGaps: gaps });
      }
      yield ']\n';
  }
}

async function writeBlocks(output: Writable, pieces: Iterable<string>): Promise<void> {
  let block = '';
  for (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK_LENGTH) continue;
    if (!output.write(block)) await once(output, 'drain');
    block = '';
  }
  if (!output.write(block)) await once(output, 'drain');
}

import { parseTree, printParseErrorCode } from 'jsonc-parser';
import type { ParseError } from 'jsonc-parser';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { FhirClient } from '../activities/fhir-client.ts';
import { IngestError } from '../core/errors.ts';
import { parseLossless } from '../core/lossless-json.ts';
import { OperatorError } from '../core/operator-error.ts';
import { hasCode } from '../stores/durable-file.ts';
import { placeAt } from '../templates/text-place.ts';

/** A resource with its decimals as written, and where it was found. */
export interface FoundResource {
  readonly resource: unknown;
  /** In words, for messages. */
  readonly place: string;
}

export interface FoundResources {
  readonly found: readonly FoundResource[];
  /** Places of Bundles that are a page of several. */
  readonly pages: readonly string[];
}

/** Nothing could be read where something was looked for: no such file or Observation, or a server that does not answer. */
export class UnreadableSource extends OperatorError {
  override readonly name = 'UnreadableSource';
}

const STANDARD_INPUT = '-';
const OBSERVATION_ID = /^(?:Observation\/)?([A-Za-z0-9\-.]{1,64})$/;

/**
 * Reads the resources of a file, of standard input (`-`), or the Observation of that id; a file of that name goes first.
 * A text is one resource, or a resource on each line. Of a Bundle the Observations are taken.
 *
 * @param openFhir called when a server is to be asked
 * @throws UnreadableSource, OperatorError for what is not JSON
 */
export async function readResources(source: string, openFhir: () => FhirClient): Promise<FoundResources> {
  const json = source === STANDARD_INPUT ? await text(process.stdin) : await textOfFile(source);
  if (json !== undefined) return parseResources(json, source === STANDARD_INPUT ? 'standard input' : source);
  const [, id] = OBSERVATION_ID.exec(source) ?? [];
  if (id === undefined) throw new UnreadableSource(`There is no file ${source}`);
  const resource = await readObservation(id, source, openFhir());
  return { found: [{ resource, place: `Observation/${id}` }], pages: [] };
}

/** Undefined when there is no such file. */
async function textOfFile(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw new UnreadableSource(`${file}: ${String(error).replace(/^Error: /, '')}`, { cause: error });
  }
}

async function readObservation(id: string, source: string, fhir: FhirClient): Promise<unknown> {
  try {
    const stored = await fhir.read('Observation', id);
    if (typeof stored === 'object') return stored.resource;
    const why = stored === 'deleted' ? 'has deleted the Observation of that id' : 'has no Observation of that id';
    throw new UnreadableSource(`There is no file ${source}, and the FHIR server ${why}`);
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    throw new UnreadableSource(`The Observation cannot be read (${error.code}): ${error.message}`, { cause: error });
  }
}

/** @throws OperatorError naming line and column, without a word of the text */
export function parseResources(json: string, name: string): FoundResources {
  const resources = parsedLines(json.replace(/^\uFEFF/, ''), name);
  return {
    found: resources.flatMap((each) => observationsOf(each) ?? [each]),
    pages: resources.filter(isPage).map(({ place }) => place),
  };
}

function parsedLines(json: string, name: string): FoundResource[] {
  const whole = parsed(json);
  if (whole !== undefined) return [{ resource: whole, place: name }];
  const lines = json.split('\n').map((line, index) => ({ line, place: `${name}:${index + 1}` }));
  const filled = lines.filter(({ line }) => line.trim() !== '');
  if (filled.length < 2 || parsed(filled[0]?.line ?? '') === undefined) throw notJson(json, name);
  return filled.map(({ line, place }) => {
    const resource = parsed(line);
    if (resource === undefined) throw new OperatorError(`${place}: no JSON`);
    return { resource, place };
  });
}

/** Undefined when it is not JSON. */
function parsed(json: string): unknown {
  try {
    return parseLossless(json);
  } catch {
    // The parser's message quotes the text, so it goes no further.
    return undefined;
  }
}

function notJson(json: string, name: string): OperatorError {
  const [error] = syntaxErrors(json);
  if (error === undefined) return new OperatorError(`${name}: no JSON`);
  const { line, column } = placeAt(json, error.offset);
  return new OperatorError(`${name}:${line}:${column}: no JSON: ${printParseErrorCode(error.error)}`);
}

function syntaxErrors(json: string): ParseError[] {
  const errors: ParseError[] = [];
  try {
    parseTree(json, errors, { disallowComments: true });
  } catch (error) {
    // Nested too deeply for it to be looked through; that it is no JSON is known.
    if (!(error instanceof RangeError)) throw error;
  }
  return errors;
}

interface AnyBundle {
  readonly resourceType?: unknown;
  readonly entry?: readonly ({ readonly resource?: { readonly resourceType?: unknown } } | null)[];
  readonly link?: readonly ({ readonly relation?: unknown } | null)[];
}

/** Undefined for what is no Bundle. What a search included or says of itself is left out. */
function observationsOf({ resource, place }: FoundResource): FoundResource[] | undefined {
  const { resourceType, entry } = (resource ?? {}) as AnyBundle;
  if (resourceType !== 'Bundle') return undefined;
  return listOf(entry).flatMap((each, index) => {
    if (each?.resource?.resourceType !== 'Observation') return [];
    return [{ resource: each.resource, place: `${place}, entry ${index + 1}` }];
  });
}

function isPage({ resource }: FoundResource): boolean {
  const { resourceType, link } = (resource ?? {}) as AnyBundle;
  return resourceType === 'Bundle' && listOf(link).some((each) => each?.relation === 'next');
}

/** A file may hold anything. */
function listOf<Item>(list: readonly Item[] | undefined): readonly Item[] {
  return Array.isArray(list) ? (list as readonly Item[]) : [];
}

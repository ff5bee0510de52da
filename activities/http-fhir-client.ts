import { Client } from 'fhir-kit-client';
import type { Bundle, Observation, Resource } from 'fhir/r4.js';
import { parse, stringify } from 'lossless-json';
import { IngestError } from '../core/errors.ts';
import type { FhirClient, HistoryEntry, PutCondition, PutResult, ReadResult } from './fhir-client.ts';
import type { FhirOperation } from './fhir-failures.ts';
import { fhirFailure, responseFailure } from './fhir-failures.ts';

export interface HttpFhirClientOptions {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  /** Aborts what is under way, and sends nothing after, once the activity is cancelled or out of time. */
  readonly signal?: () => AbortSignal | undefined;
  /** No request takes longer than the activity has left. */
  readonly timeLeftMs?: () => number;
}

/** A search that has more pages than this was not asked precisely. */
const MAX_PAGES = 100;

/**
 * FHIR over HTTP. Requests go through fhir-kit-client, except reads of what is merged: those are fetched as text and
 * parsed losslessly, since the client would turn `22.40` into `22.4`.
 */
export function createHttpFhirClient(options: HttpFhirClientOptions): FhirClient {
  const client = new Client({ baseUrl: options.baseUrl });
  const signal = (): AbortSignal => {
    const given = options.signal?.();
    given?.throwIfAborted();
    const timeout = AbortSignal.timeout(Math.min(options.timeoutMs, options.timeLeftMs?.() ?? Infinity));
    return given === undefined ? timeout : AbortSignal.any([timeout, given]);
  };

  const attempt = async <T>(operation: FhirOperation, resourceType: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      options.signal?.()?.throwIfAborted();
      throw error instanceof IngestError ? error : fhirFailure(error, operation, resourceType);
    }
  };

  /** A GET whose numbers stay as written. */
  const getText = async (url: string): Promise<{ response: Response; text: string }> => {
    const headers = { accept: 'application/fhir+json' };
    const response = await fetch(url, { headers, signal: signal() });
    return { response, text: await response.text() };
  };

  return {
    async search<R extends Resource>(resourceType: R['resourceType'], params: Readonly<Record<string, string>>) {
      return await attempt('search', resourceType, async () => {
        // HAPI may answer from a stale search for a minute unless told not to.
        const headers = { 'cache-control': 'no-cache' };
        const found: R[] = [];
        let page = (await client.search({
          resourceType,
          searchParams: { ...params },
          options: { headers, signal: signal() },
        })) as unknown as Bundle<R> | undefined;
        for (let pages = 1; page !== undefined; pages++) {
          assertBundle(page, resourceType);
          found.push(...matchesIn(page));
          if (pages >= MAX_PAGES) throw unreadable('search', resourceType, `more than ${MAX_PAGES} pages`);
          const next: unknown = await client.nextPage({
            bundle: page as never,
            options: { headers, signal: signal() },
          });
          page = next as Bundle<R> | undefined;
        }
        return found;
      });
    },

    async read(id) {
      return await attempt('read', 'Observation', async (): Promise<ReadResult<Observation>> => {
        const { response, text } = await getText(`${options.baseUrl}/Observation/${id}`);
        if (response.status === 404) return 'absent';
        if (response.status === 410) return 'deleted';
        if (!response.ok) throw responseFailure(response.status, response.headers, text, 'read', 'Observation');
        const resource = parseResource(text, 'Observation') as Observation;
        return { resource, etag: etagOf(response.headers, resource) };
      });
    },

    async put(observation, condition) {
      return await attempt('write', 'Observation', async (): Promise<PutResult> => {
        const { id } = observation;
        if (id === undefined) throw new RangeError('An Observation is put under its id');
        const body = stringify(observation);
        const request = {
          resourceType: 'Observation',
          id,
          body,
          options: { headers: headersOf(condition), signal: signal() },
        };
        try {
          const { response } = Client.httpFor(await client.update(request as never));
          const headers = response?.headers ?? new Headers();
          return { kind: response?.status === 201 ? 'created' : 'replaced', versionId: versionIdOf(headers) };
        } catch (error) {
          const failure = fhirFailure(error, 'write', 'Observation');
          if (failure.code === 'OBSERVATION_CONFLICT') return { kind: 'conflict' };
          throw failure;
        }
      });
    },

    async history<R extends Resource>(resourceType: R['resourceType'], id: string) {
      return await attempt('history', resourceType, async () => {
        const entries: HistoryEntry<R>[] = [];
        let page: string | undefined = `${options.baseUrl}/${resourceType}/${id}/_history?_count=200`;
        for (let pages = 1; page !== undefined; pages++) {
          // A history that is cut short would give old readings to the wrong patient.
          if (pages > MAX_PAGES) throw unreadable('history', resourceType, `more than ${MAX_PAGES} pages`);
          const { response, text } = await getText(page);
          // Servers that keep no history answer so; a missing resource has none either.
          if ([400, 404, 405, 410, 501].includes(response.status)) return undefined;
          if (!response.ok) throw responseFailure(response.status, response.headers, text, 'history', resourceType);
          const bundle = parseResource(text, 'Bundle') as Bundle<R>;
          entries.push(...historyEntries(bundle));
          page = bundle.link?.find(({ relation }) => relation === 'next')?.url;
        }
        return newestFirst(entries);
      });
    },
  };
}

function headersOf(condition: PutCondition): Record<string, string> {
  if (condition === undefined) return {};
  return 'ifMatch' in condition ? { 'if-match': condition.ifMatch } : { 'if-none-match': condition.ifNoneMatch };
}

function matchesIn<R extends Resource>(bundle: Bundle<R>): R[] {
  const entries = (bundle.entry ?? []).filter((entry) => entry.search?.mode !== 'outcome');
  return entries.flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
}

function historyEntries<R extends Resource>(bundle: Bundle<R>): HistoryEntry<R>[] {
  return (bundle.entry ?? []).map(({ resource, response }): HistoryEntry<R> => {
    const deleted = resource?.resourceType === undefined;
    return {
      resource: deleted ? undefined : resource,
      versionId: resource?.meta?.versionId,
      lastUpdated: resource?.meta?.lastUpdated ?? response?.lastModified,
    };
  });
}

/** So it is by the specification, but not on every server. */
function newestFirst<R extends Resource>(entries: readonly HistoryEntry<R>[]): HistoryEntry<R>[] {
  return entries.toSorted((a, b) => Date.parse(b.lastUpdated ?? '') - Date.parse(a.lastUpdated ?? ''));
}

function parseResource(text: string, resourceType: string): Resource {
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch {
    throw unreadable('read', resourceType, 'a body that is not JSON');
  }
  if (isOfType(parsed, resourceType)) return parsed;
  throw unreadable('read', resourceType, 'a body that is another resource');
}

function isOfType(parsed: unknown, resourceType: string): parsed is Resource {
  return (
    typeof parsed === 'object' && parsed !== null && 'resourceType' in parsed && parsed.resourceType === resourceType
  );
}

function assertBundle(page: unknown, resourceType: string): void {
  if (isOfType(page, 'Bundle')) return;
  throw unreadable('search', resourceType, 'a body that is no Bundle');
}

function unreadable(operation: FhirOperation, resourceType: string, found: string): IngestError {
  const message = `The FHIR server answered the ${operation} of ${resourceType} with ${found}`;
  return new IngestError('FHIR_ANSWER_UNREADABLE', message, { operation, resourceType });
}

/** Always weak and quoted: unquoted ones are ignored by some servers. */
function etagOf(headers: Headers, resource: Resource): string | undefined {
  const version = versionIdOf(headers) ?? resource.meta?.versionId;
  return version === undefined ? undefined : `W/"${version}"`;
}

function versionIdOf(headers: Headers): string | undefined {
  return /^(?:W\/)?"?([^"]+)"?$/.exec(headers.get('etag') ?? '')?.[1];
}

import { Client } from 'fhir-kit-client';
import type { Bundle, CapabilityStatement, Resource } from 'fhir/r4.js';
import { stringify } from 'lossless-json';
import type { IngestError } from '../core/errors.ts';
import {
  historyEntries,
  isOfType,
  matchesIn,
  newestFirst,
  parseResource,
  unreadable,
  versionIdOf,
  writtenOf,
} from './fhir-answers.ts';
import type {
  CreateResult,
  FhirClient,
  HistoryEntry,
  PutCondition,
  PutResult,
  ReadResult,
  SearchParams,
  WithId,
  Written,
} from './fhir-client.ts';
import type { FhirOperation } from './fhir-failures.ts';
import { fhirFailure, responseFailure } from './fhir-failures.ts';

export interface HttpFhirClientOptions {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  /** Asked before every request. Aborts what is under way, and sends nothing after, once the activity is over. */
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
  const { baseUrl } = options;
  const client = new Client({ baseUrl });
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
      throw fhirFailure(error, operation, resourceType);
    }
  };

  /** A GET whose numbers stay as written. */
  const getText = async (url: string): Promise<{ response: Response; text: string }> => {
    const headers = { accept: 'application/fhir+json' };
    const response = await fetch(url, { headers, signal: signal() });
    return { response, text: await response.text() };
  };

  return {
    async search<R extends Resource>(resourceType: R['resourceType'], params: SearchParams) {
      return await attempt('search', resourceType, async () => {
        // HAPI may answer from a stale search for a minute unless told not to.
        const headers = { 'cache-control': 'no-cache' };
        const found: R[] = [];
        const asked = { resourceType, searchParams: { ...params }, options: { headers, signal: signal() } };
        let page: unknown = await client.search(asked);
        for (let pages = 1; page !== undefined; pages++) {
          found.push(...matchesIn<R>(page, resourceType));
          if (pages >= MAX_PAGES) throw unreadable('search', resourceType, `more than ${MAX_PAGES} pages`);
          page = await client.nextPage({ bundle: page as never, options: { headers, signal: signal() } });
        }
        return found;
      });
    },

    async read<R extends Resource>(resourceType: R['resourceType'], id: string) {
      return await attempt('read', resourceType, async (): Promise<ReadResult<R>> => {
        const { response, text } = await getText(`${baseUrl}/${resourceType}/${id}`);
        if (response.status === 404) return 'absent';
        if (response.status === 410) return 'deleted';
        if (!response.ok) throw responseFailure(response.status, response.headers, text, 'read', resourceType);
        const resource = parseResource(text, resourceType) as R;
        return { resource, versionId: versionIdOf(response.headers, resource) };
      });
    },

    async put<R extends Resource>(resource: WithId<R>, condition: PutCondition) {
      const { resourceType, id } = resource;
      return await attempt('write', resourceType, async (): Promise<PutResult> => {
        const request = {
          resourceType,
          id,
          body: stringify(resource),
          options: { headers: headersOf(condition), signal: signal() },
        };
        try {
          const { status, written } = answerTo(await client.update(request as never), resourceType);
          return { kind: status === 201 ? 'created' : 'replaced', ...written };
        } catch (error) {
          const failure = fhirFailure(error, 'write', resourceType);
          if (isConflict(failure, condition)) return { kind: 'conflict' };
          throw failure;
        }
      });
    },

    async create(resource: Resource, ifNoneExist: SearchParams) {
      const { resourceType } = resource;
      return await attempt('write', resourceType, async (): Promise<CreateResult> => {
        const headers = { 'if-none-exist': queryOf(ifNoneExist) };
        const request = { resourceType, body: stringify(resource), options: { headers, signal: signal() } };
        try {
          const { status, written } = answerTo(await client.create(request as never), resourceType);
          return { kind: status === 201 ? 'created' : 'existed', ...written };
        } catch (error) {
          const failure = fhirFailure(error, 'write', resourceType);
          if (failure.details['status'] === 409) return { kind: 'conflict' };
          if (failure.details['status'] === 412) return { kind: 'ambiguous' };
          throw failure;
        }
      });
    },

    async history<R extends Resource>(resourceType: R['resourceType'], id: string) {
      return await attempt('history', resourceType, async () => {
        const entries: HistoryEntry<R>[] = [];
        let page: string | undefined = `${baseUrl}/${resourceType}/${id}/_history?_count=200`;
        for (let pages = 1; page !== undefined; pages++) {
          // A history that is cut short would give old readings to the wrong patient.
          if (pages > MAX_PAGES) throw unreadable('history', resourceType, `more than ${MAX_PAGES} pages`);
          const { response, text } = await getText(page);
          // Servers that keep no history answer so; a missing resource has none either.
          if ([400, 404, 405, 501].includes(response.status)) return undefined;
          if (response.status === 410) return [DELETION];
          if (!response.ok) throw responseFailure(response.status, response.headers, text, 'history', resourceType);
          const bundle = parseResource(text, 'Bundle') as Bundle<R>;
          entries.push(...historyEntries(bundle));
          const next = bundle.link?.find(({ relation }) => relation === 'next')?.url;
          page = next === undefined ? undefined : new URL(next, `${baseUrl}/`).href;
        }
        return newestFirst(entries);
      });
    },

    async delete(resourceType, id, versionId) {
      await attempt('delete', resourceType, async () => {
        const headers = headersOf(versionId === undefined ? undefined : { ifMatch: versionId });
        try {
          await client.delete({ resourceType, id, options: { headers, signal: signal() } });
        } catch (error) {
          const failure = fhirFailure(error, 'delete', resourceType);
          if (![404, 409, 410, 412].includes(Number(failure.details['status']))) throw failure;
        }
      });
    },

    async capabilities() {
      const resourceType = 'CapabilityStatement';
      return await attempt('capabilities', resourceType, async () => {
        try {
          const statement: object = await client.capabilityStatement({ signal: signal() });
          return isOfType(statement, resourceType) ? (statement as CapabilityStatement) : undefined;
        } catch (error) {
          const failure = fhirFailure(error, 'capabilities', resourceType);
          if (failure.kind === 'waiting') return undefined; // it does not say
          throw failure;
        }
      });
    },
  };
}

/** That the resource is gone, where that is all the history says. */
const DELETION = { resource: undefined, versionId: undefined, lastUpdated: undefined };

function answerTo(body: object, resourceType: string): { status: number | undefined; written: Written } {
  const { response } = Client.httpFor(body as never);
  return { status: response?.status, written: writtenOf(body, response?.headers ?? new Headers(), resourceType) };
}

/** A version is named weakly and in quotation marks: without them some servers ignore it. */
function headersOf(condition: PutCondition): Record<string, string> {
  if (condition === undefined) return {};
  return 'ifMatch' in condition
    ? { 'if-match': `W/"${condition.ifMatch}"` }
    : { 'if-none-match': condition.ifNoneMatch };
}

/** Servers say 409 or 412, and 404 or 410 of what was there a moment ago. */
function isConflict({ details }: IngestError, condition: PutCondition): boolean {
  const { status } = details;
  if (status === 409 || status === 412) return true;
  return condition !== undefined && 'ifMatch' in condition && (status === 404 || status === 410);
}

/** As it stands in a URL; `If-None-Exist` has the same form. */
function queryOf(params: SearchParams): string {
  const pairs = Object.entries(params).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return pairs.join('&');
}

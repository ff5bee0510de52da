import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOk, OperationOutcomeError } from '@medplum/core';
import type { FhirRequest, FhirResponse, FhirRouter, HttpMethod } from '@medplum/fhir-router';
import type { Bundle, BundleEntry, OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { FhirTraits } from './behaviours.ts';
import { namesVersion, parseEntityTags, toEntityTag } from './entity-tag.ts';
import { formatFhirJson } from './fhir-json.ts';
import { internalError, statusOf } from './outcomes.ts';
import { readBody, toQuery } from './request-body.ts';
import type { Query } from './search-query.ts';
import type { SqliteRepository } from './sqlite-repository.ts';

export interface FhirEndpoint {
  router: FhirRouter;
  repository: SqliteRepository;
  /** As `http://127.0.0.1:8080/fhir` */
  baseUrl: string;
  traits: FhirTraits;
  /** Text of the CapabilityStatement. */
  metadata: () => string;
}

/** What goes back to the client. */
interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

const CONTENT_TYPE = 'application/fhir+json; charset=utf-8';
/** Nobody may keep an answer without asking again: the next write changes it. */
const CACHE_CONTROL = 'private, no-cache';

/**
 * Makes the function that answers one HTTP request. Requests are worked on one at a time, in the order in which their
 * bodies are complete: a transaction is never interleaved with anything.
 */
export function createFhirExchange(
  endpoint: FhirEndpoint,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let turn: Promise<unknown> = Promise.resolve();

  return async (request, response) => {
    let answer: Answer;
    try {
      const body = await readBody(request);
      const mine = turn.then(() => answerTo(endpoint, request, body));
      turn = mine.catch(() => undefined); // its own caller hears of it below
      answer = await mine;
    } catch (error) {
      answer = outcomeAnswer(error instanceof OperationOutcomeError ? error.outcome : internalError);
    }
    if (!request.complete) request.resume(); // a body that is refused is read to its end, so that the answer is heard
    const { status, headers, text } = answer;
    const length = status === 304 ? {} : { 'Content-Length': Buffer.byteLength(text) };
    response.writeHead(status, { 'Content-Type': CONTENT_TYPE, 'Cache-Control': CACHE_CONTROL, ...length, ...headers });
    response.end(request.method === 'HEAD' || status === 304 ? undefined : text);
  };
}

async function answerTo(endpoint: FhirEndpoint, request: IncomingMessage, body: unknown): Promise<Answer> {
  const { pathname, search, searchParams } = new URL(`http://localhost${request.url ?? '/'}`);
  const path = /^\/fhir(?:\/|$)(.*)$/.exec(pathname)?.[1];
  const method = (request.method === 'HEAD' ? 'GET' : request.method) as HttpMethod;
  if (path === 'metadata' && method === 'GET') return { status: 200, headers: {}, text: endpoint.metadata() };
  const fhirRequest: FhirRequest = {
    method,
    url: path === undefined ? '/no/such/place' : path + search,
    pathname: '',
    params: {},
    query: {},
    // The criteria of a search by POST may be in the URL, in the body, or in both.
    body: path?.endsWith('/_search') ? { ...toQuery(searchParams), ...(body as Query | undefined) } : body,
    headers: request.headers,
    config: { transactions: true },
  };
  return toAnswer(endpoint, request, await endpoint.router.handleRequest(fhirRequest, endpoint.repository));
}

function toAnswer(endpoint: FhirEndpoint, request: IncomingMessage, [outcome, resource]: FhirResponse): Answer {
  if (!resource) return outcomeAnswer(outcome);
  const { traits } = endpoint;
  const status = statusOf(outcome);
  const headers = traits.versionHeaders === 'sent' ? versionHeaders(resource) : {};
  if (resource.resourceType === 'Bundle' && request.method === 'POST') tagEntries(endpoint, resource);
  if (status === 201) headers['Location'] = locationOf(endpoint, resource);
  if (request.method === 'GET' && isUnchanged(request, resource)) return { status: 304, headers, text: '' };
  const shown = traits.meta === 'shown' ? resource : withoutMeta(resource);
  return { status, headers, text: representation(request, outcome, shown) };
}

function outcomeAnswer(outcome: OperationOutcome): Answer {
  return { status: statusOf(outcome), headers: {}, text: JSON.stringify(outcome) };
}

function versionHeaders({ meta }: Resource): Record<string, string> {
  if (!meta?.versionId || !meta.lastUpdated) return {};
  return { ETag: toEntityTag(meta.versionId), 'Last-Modified': new Date(meta.lastUpdated).toUTCString() };
}

function locationOf({ baseUrl, traits }: FhirEndpoint, { resourceType, id, meta }: Resource): string {
  const version = traits.versionHeaders === 'sent' ? `/_history/${String(meta?.versionId)}` : '';
  return `${baseUrl}/${resourceType}/${String(id)}${version}`;
}

function withoutMeta({ meta: _, ...content }: Resource): Resource {
  if (content.resourceType !== 'Bundle' || content.entry === undefined) return content;
  const entry = content.entry.map((each) => (each.resource ? { ...each, resource: withoutMeta(each.resource) } : each));
  return { ...content, entry };
}

function isUnchanged(request: IncomingMessage, resource: Resource): boolean {
  const known = parseEntityTags(request.headers['if-none-match']);
  return known !== undefined && namesVersion(known, resource.meta?.versionId);
}

function representation(request: IncomingMessage, outcome: OperationOutcome, resource: Resource): string {
  if (request.method !== 'GET' && resource.resourceType !== 'Bundle') {
    const wish = /return=(minimal|OperationOutcome)/.exec(String(request.headers['prefer'] ?? ''))?.[1];
    if (wish === 'minimal') return '';
    if (wish === 'OperationOutcome') return JSON.stringify(outcome);
  }
  return formatFhirJson(resource);
}

/** Medplum's batch answers say no versions, and do not know all our statuses. */
function tagEntries(endpoint: FhirEndpoint, { type, entry = [] }: Bundle): void {
  if (type !== 'batch-response' && type !== 'transaction-response') return;
  for (const each of entry) tagEntry(endpoint, each);
}

function tagEntry(endpoint: FhirEndpoint, { resource, response }: BundleEntry): void {
  const { batchEntryVersions, versionHeaders } = endpoint.traits;
  if (response?.outcome) response.status = String(statusOf(response.outcome));
  if (!response || !resource?.meta?.versionId || !resource.meta.lastUpdated) return;
  if (batchEntryVersions === 'unnamed' || (response.outcome && !isOk(response.outcome))) return;
  response.location = locationOf(endpoint, resource);
  if (versionHeaders === 'omitted') return;
  response.etag = toEntityTag(resource.meta.versionId);
  response.lastModified = resource.meta.lastUpdated;
}

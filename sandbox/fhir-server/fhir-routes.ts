import { allOk, badRequest, created, isResourceType, OperationOutcomeError } from '@medplum/core';
import { FhirRouter } from '@medplum/fhir-router';
import type { FhirRepository, FhirRequest, FhirResponse, FhirRouteHandler, HttpMethod } from '@medplum/fhir-router';
import type { Resource } from '@medplum/fhirtypes';
import type { FhirTraits } from './behaviours.ts';
import { parseEntityTags } from './entity-tag.ts';
import type { VersionCondition } from './entity-tag.ts';
import { internalError } from './outcomes.ts';
import { checkedCriteria, checkedQuery } from './search-query.ts';
import { SqliteRepository } from './sqlite-repository.ts';
import { StaleSearches } from './stale-searches.ts';

type Found = NonNullable<ReturnType<FhirRouter['find']>>;

/** Told of what is this server's fault, before the client hears no more of it than 500. */
export type OnFault = (error: unknown) => void;

/**
 * Medplum's router with what it lacks: types are checked, `If-Match` works without quotes, a PUT knows `If-None-Match`
 * and whether it created, malformed bodies and queries are refused, and an internal error is not the client's fault.
 * Batch entries take the same routes.
 */
export class FhirRoutes extends FhirRouter {
  readonly #onFault: OnFault;
  readonly #traits: FhirTraits;
  readonly #staleSearches: StaleSearches | undefined;

  constructor(traits: FhirTraits, now: () => number, onFault: OnFault) {
    super();
    this.#onFault = onFault;
    this.#traits = traits;
    const keptMs = traits.staleEmptySearchMs;
    this.#staleSearches = keptMs > 0 ? new StaleSearches(keptMs, now) : undefined;
  }

  override find(method: HttpMethod, url: string): ReturnType<FhirRouter['find']> {
    const found = super.find(method === 'HEAD' ? 'GET' : method, url.replace(/^\/(?=\?|$)/, ''));
    if (!found || found.path.startsWith('$')) return undefined;
    const { resourceType } = found.params;
    if (resourceType !== undefined && !isResourceType(resourceType)) return undefined;
    return { ...found, handler: this.#guarded(this.#handlerOf(method, found)) };
  }

  #handlerOf(method: HttpMethod, { handler, params, data }: Found): FhirRouteHandler {
    if (method === 'PUT' && params['id'] !== undefined) {
      return (request, repository) => update(this.#traits, request, repository);
    }
    return data?.interaction === 'search-type' ? (this.#staleSearches?.around(handler) ?? handler) : handler;
  }

  #guarded(handler: FhirRouteHandler): FhirRouteHandler {
    return async (request, repository, router, options) => {
      try {
        return await handler(checkedRequest(this.#traits, request), repository, router, options);
      } catch (error) {
        if (error instanceof OperationOutcomeError) throw error;
        this.#onFault(error);
        throw new OperationOutcomeError(internalError, { cause: error });
      }
    };
  }
}

// Not async: a condition and the write it guards are one step.
function update(traits: FhirTraits, request: FhirRequest, repository: FhirRepository): Promise<FhirResponse> {
  const resource = request.body as Resource;
  if (resource.id !== request.params['id']) {
    throw new OperationOutcomeError(badRequest('Expected the id that the URL names', `${resource.resourceType}.id`));
  }
  if (!(repository instanceof SqliteRepository)) throw new TypeError('Expected the repository of this server');
  const { resource: stored, created: isNew } = repository.put(resource, {
    ifMatch: ifMatchOf(traits, request),
    ifNoneMatch: traits.ifNoneMatchOnPut === 'heeded' ? parseEntityTags(request.headers?.['if-none-match']) : undefined,
  });
  return Promise.resolve([isNew ? created : allOk, stored]);
}

function ifMatchOf(traits: FhirTraits, { headers, method, params }: FhirRequest): VersionCondition | undefined {
  const header = headers?.['if-match'];
  if (traits.unquotedIfMatch === 'ignored' && !header?.includes('"')) return undefined;
  const isConditional = method === 'PUT' && params['id'] === undefined;
  if (traits.ifMatchOnConditionalUpdate === 'ignored' && isConditional) return undefined;
  return parseEntityTags(header);
}

function checkedRequest(traits: FhirTraits, request: FhirRequest): FhirRequest {
  const { method, params, query } = request;
  const { resourceType, id } = params;
  requireBody(request);
  if (resourceType === undefined) return request;
  if (method !== 'GET' && method !== 'POST' && id === undefined && Object.keys(query).length === 0) {
    throw new OperationOutcomeError(badRequest(`Expected search criteria for a conditional ${method}`));
  }
  return {
    ...request,
    query: id === undefined ? checkedQuery(resourceType, query) : query,
    body: isSearchByPost(request)
      ? checkedQuery(resourceType, request.body as FhirRequest['query'])
      : (request.body as unknown),
    headers: checkedHeaders(traits, request, resourceType),
  };
}

function checkedHeaders(
  traits: FhirTraits,
  request: FhirRequest,
  resourceType: string,
): NonNullable<FhirRequest['headers']> {
  const { 'if-match': given, ...headers } = request.headers ?? {};
  const ifMatch = ifMatchOf(traits, request);
  const ifNoneExist = headers['if-none-exist'];
  const readsTagsItself = request.method === 'PUT' && request.params['id'] !== undefined;
  return {
    ...headers,
    ...(readsTagsItself && given !== undefined ? { 'if-match': given } : {}),
    ...(Array.isArray(ifMatch) && !readsTagsItself ? { 'if-match': `"${String(ifMatch[0])}"` } : {}),
    ...(ifNoneExist === undefined ? {} : { 'if-none-exist': checkedCriteria(String(ifNoneExist), resourceType) }),
  };
}

function isSearchByPost({ method, pathname, url }: FhirRequest): boolean {
  return method === 'POST' && (pathname || url).endsWith('/_search');
}

function requireBody(request: FhirRequest): void {
  const { method, params } = request;
  if ((method !== 'POST' && method !== 'PUT') || isSearchByPost(request)) return;
  const expected = params['resourceType'] ?? 'Bundle';
  const body = request.body as { resourceType?: unknown; entry?: unknown } | null | undefined;
  if (typeof body !== 'object' || body?.resourceType !== expected) {
    throw new OperationOutcomeError(badRequest(`Expected a resource of type ${expected}`));
  }
  const hasEntries =
    Array.isArray(body.entry) && body.entry.every((entry) => typeof entry === 'object' && entry !== null);
  if (params['resourceType'] === undefined && !hasEntries) {
    throw new OperationOutcomeError(badRequest('Expected a list of entries', 'Bundle.entry'));
  }
}

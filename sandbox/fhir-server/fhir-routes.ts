import { allOk, badRequest, created, isResourceType, OperationOutcomeError } from '@medplum/core';
import { FhirRouter } from '@medplum/fhir-router';
import type { FhirRepository, FhirRequest, FhirResponse, FhirRouteHandler, HttpMethod } from '@medplum/fhir-router';
import type { Resource } from '@medplum/fhirtypes';
import { parseEntityTags } from './entity-tag.ts';
import { checkedCriteria, checkedQuery } from './search-query.ts';
import { SqliteRepository } from './sqlite-repository.ts';

/** Told of what is this server's fault, before the client hears no more of it than 500. */
export type OnFault = (error: unknown) => void;

/**
 * Medplum's router with what it lacks: types are checked, `If-Match` works without quotes, a PUT knows `If-None-Match`
 * and whether it created, malformed bodies and queries are refused, and an internal error is not the client's fault.
 * Batch entries take the same routes.
 */
export class FhirRoutes extends FhirRouter {
  readonly #onFault: OnFault;

  constructor(onFault: OnFault) {
    super();
    this.#onFault = onFault;
  }

  override find(method: HttpMethod, url: string): ReturnType<FhirRouter['find']> {
    const found = super.find(method === 'HEAD' ? 'GET' : method, url.replace(/^\/(?=\?|$)/, ''));
    if (!found || found.path.startsWith('$')) return undefined;
    const { resourceType, id } = found.params;
    if (resourceType !== undefined && !isResourceType(resourceType)) return undefined;
    const handler = method === 'PUT' && id !== undefined ? update : found.handler;
    return { ...found, handler: this.#guarded(handler) };
  }

  #guarded(handler: FhirRouteHandler): FhirRouteHandler {
    return async (request, repository, router, options) => {
      try {
        return await handler(checkedRequest(request), repository, router, options);
      } catch (error) {
        if (error instanceof OperationOutcomeError) throw error;
        this.#onFault(error);
        throw new OperationOutcomeError(internalError, { cause: error });
      }
    };
  }
}

/** What a client hears of an error that is not its own. */
export const internalError = {
  resourceType: 'OperationOutcome' as const,
  issue: [{ severity: 'error' as const, code: 'exception' as const, details: { text: 'Internal server error' } }],
};

// Not async: a condition and the write it guards are one step.
function update(request: FhirRequest, repository: FhirRepository): Promise<FhirResponse> {
  const resource = request.body as Resource;
  if (resource.id !== request.params['id']) {
    throw new OperationOutcomeError(badRequest('Expected the id that the URL names', `${resource.resourceType}.id`));
  }
  if (!(repository instanceof SqliteRepository)) throw new TypeError('Expected the repository of this server');
  const { resource: stored, created: isNew } = repository.put(resource, {
    ifMatch: parseEntityTags(request.headers?.['if-match']),
    ifNoneMatch: parseEntityTags(request.headers?.['if-none-match']),
  });
  return Promise.resolve([isNew ? created : allOk, stored]);
}

function checkedRequest(request: FhirRequest): FhirRequest {
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
    headers: checkedHeaders(request, resourceType),
  };
}

function checkedHeaders(
  { method, headers, params }: FhirRequest,
  resourceType: string,
): NonNullable<FhirRequest['headers']> {
  const ifMatch = parseEntityTags(headers?.['if-match']);
  const ifNoneExist = headers?.['if-none-exist'];
  const isPut = method === 'PUT' && params['id'] !== undefined; // reads the tags itself
  return {
    ...headers,
    ...(Array.isArray(ifMatch) && !isPut ? { 'if-match': `"${String(ifMatch[0])}"` } : {}),
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

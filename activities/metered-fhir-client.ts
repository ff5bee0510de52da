import { CancelledFailure } from '@temporalio/activity';
import type { Resource } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import type { FhirClient, PutCondition, SearchParams, WithId } from './fhir-client.ts';

/** FHIR's own words for what a request does. */
type FhirInteraction = 'read' | 'search' | 'history' | 'update' | 'create' | 'delete' | 'capabilities';

/** One request, or all pages of a search or history. */
export interface FhirRequest {
  readonly interaction: FhirInteraction;
  readonly resourceType: string;
  /** What the client made of the answer, or the code of its failure. */
  readonly outcome: string;
  readonly durationMs: number;
}

/** Tells of every request once it is over; otherwise the client as it is. */
export function meteredFhirClient(fhir: FhirClient, onRequest: (request: FhirRequest) => void): FhirClient {
  const metered = async <T>(
    interaction: FhirInteraction,
    resourceType: string,
    run: () => Promise<T>,
    outcomeOf: (result: T) => string = () => 'ok',
  ): Promise<T> => {
    const startedAt = performance.now();
    const tell = (outcome: string): void => {
      onRequest({ interaction, resourceType, outcome, durationMs: performance.now() - startedAt });
    };
    try {
      const result = await run();
      tell(outcomeOf(result));
      return result;
    } catch (error) {
      tell(failureOf(error));
      throw error;
    }
  };
  const kindOf = ({ kind }: { readonly kind: string }): string => kind;
  return {
    search: <R extends Resource>(type: R['resourceType'], params: SearchParams) =>
      metered('search', type, () => fhir.search<R>(type, params)),
    read: <R extends Resource>(type: R['resourceType'], id: string) =>
      metered(
        'read',
        type,
        () => fhir.read<R>(type, id),
        (found) => (typeof found === 'string' ? found : 'ok'),
      ),
    put: <R extends Resource>(resource: WithId<R>, condition: PutCondition) =>
      metered('update', resource.resourceType, () => fhir.put(resource, condition), kindOf),
    create: (resource, ifNoneExist) =>
      metered('create', resource.resourceType, () => fhir.create(resource, ifNoneExist), kindOf),
    history: <R extends Resource>(type: R['resourceType'], id: string) =>
      metered(
        'history',
        type,
        () => fhir.history<R>(type, id),
        (entries) => (entries === undefined ? 'absent' : 'ok'),
      ),
    delete: (type, id, versionId) => metered('delete', type, () => fhir.delete(type, id, versionId)),
    capabilities: () =>
      metered(
        'capabilities',
        'CapabilityStatement',
        () => fhir.capabilities(),
        (statement) => (statement === undefined ? 'absent' : 'ok'),
      ),
  };
}

function failureOf(error: unknown): string {
  if (error instanceof IngestError) return error.code;
  // An activity that is over aborts its requests with its own cancellation.
  return error instanceof CancelledFailure ? 'cancelled' : 'UNEXPECTED';
}

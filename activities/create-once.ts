import type { Resource } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import type { WithId } from './fhir-client.ts';
import type { BusinessIdentifier } from './find-by-identifier.ts';
import { searchFor } from './find-by-identifier.ts';
import type { FhirServer } from './server-traits.ts';

/** What became of a create; `id` is undefined where the server does not say under which it stands. */
export type Creation =
  | { readonly kind: 'created'; readonly id: string | undefined }
  /** Somebody was first, and ours was not written. */
  | { readonly kind: 'exists'; readonly id: string | undefined }
  /** Somebody was first, and the server let ours replace theirs. */
  | { readonly kind: 'replaced'; readonly versionId: string | undefined }
  /** Several carry the identifier already. */
  | { readonly kind: 'ambiguous' };

/**
 * Creates a resource that is to be there once, and was not a moment ago: under its own id where the server keeps it, else
 * under one that the server gives, guarded by its identifier.
 */
export async function createOnce<R extends Resource>(
  server: FhirServer,
  resource: WithId<R>,
  identifier: BusinessIdentifier,
): Promise<Creation> {
  const { resourceType } = resource;
  if (server.traits.idsOf(resourceType) !== 'assigned') {
    try {
      return await putNew(server, resource);
    } catch (error) {
      if (!(await mayRefuseIds(server, resourceType, error))) throw error;
    }
  }
  return await postNew(server, resource, identifier);
}

async function putNew<R extends Resource>({ fhir, traits }: FhirServer, resource: WithId<R>): Promise<Creation> {
  const { resourceType, id } = resource;
  const result = await fhir.put<R>(resource, { ifNoneMatch: '*' });
  if (result.kind === 'conflict') return { kind: 'exists', id };
  if (result.kind === 'replaced') return { kind: 'replaced', versionId: result.versionId };
  if (result.id !== undefined) traits.learnIds(resourceType, result.id === id ? 'kept' : 'assigned');
  return { kind: 'created', id: result.id ?? id };
}

async function postNew<R extends Resource>(
  { fhir, traits }: FhirServer,
  { id: _, ...resource }: WithId<R>,
  identifier: BusinessIdentifier,
): Promise<Creation> {
  const result = await fhir.create(resource, searchFor(identifier));
  switch (result.kind) {
    case 'created':
      traits.learnIds(resource.resourceType, 'assigned'); // the others prove nothing: any server may answer so
      return { kind: 'created', id: result.id };
    case 'existed':
      return { kind: 'exists', id: result.id };
    case 'conflict':
      return { kind: 'exists', id: undefined };
    case 'ambiguous':
      return { kind: 'ambiguous' };
  }
}

/**
 * Whether a refused PUT may be about the id, not the resource. Never where the server has kept one, or states that it
 * does: then a proxy has refused it, and a POST would make what others do not look for. Where it states nothing, a guarded
 * POST finds out: a resource that is wrong is refused again.
 */
async function mayRefuseIds(
  { fhir, traits }: FhirServer,
  resourceType: Resource['resourceType'],
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof IngestError) || traits.idsOf(resourceType) === 'kept') return false;
  const { status } = error.details;
  if (status !== 400 && status !== 404 && status !== 405 && status !== 422) return false;
  const stated = await traits.takesClientIds(fhir, resourceType);
  return stated === false || (stated === undefined && error.code !== 'REFERENCE_REJECTED');
}

import type { Identifier, Resource } from 'fhir/r4.js';
import type { FhirClient, SearchParams, WithId } from './fhir-client.ts';

/** A business identifier; with an empty system, one of any system. */
export interface BusinessIdentifier {
  readonly system: string;
  readonly value: string;
}

export type Identified = Resource & { readonly identifier?: Identifier[] | undefined };

/**
 * Those that carry exactly this identifier: servers may compare without case, or only its beginning, and name one twice
 * on pages that change under the hand.
 */
export async function findByIdentifier<R extends Identified>(
  fhir: FhirClient,
  resourceType: R['resourceType'],
  identifier: BusinessIdentifier,
): Promise<WithId<R>[]> {
  const found = await fhir.search<R>(resourceType, searchFor(identifier));
  const byId = new Map<string, WithId<R>>();
  for (const resource of found) {
    const { id } = resource;
    if (id !== undefined && carries(resource, identifier)) byId.set(id, { ...resource, id });
  }
  return [...byId.values()];
}

export function carries(resource: Identified, { system, value }: BusinessIdentifier): boolean {
  const given = resource.identifier ?? [];
  return given.some((identifier) => identifier.value === value && (system === '' || identifier.system === system));
}

/** @see https://hl7.org/fhir/R4/search.html#token */
export function searchFor({ system, value }: BusinessIdentifier): SearchParams {
  return { identifier: system === '' ? escapeToken(value) : `${escapeToken(system)}|${escapeToken(value)}` };
}

/** @see https://hl7.org/fhir/R4/search.html#escaping */
function escapeToken(text: string): string {
  return text.replace(/[\\$,|]/g, (char) => `\\${char}`);
}

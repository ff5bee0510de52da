import type { Resource } from 'fhir/r4.js';
import type { FhirClient, ReadResult } from './fhir-client.ts';

type ResourceType = Resource['resourceType'];

/** A server and what this process has learnt about it. */
export interface FhirServer {
  readonly fhir: FhirClient;
  readonly traits: ServerTraits;
}

/**
 * Where servers differ and no statement of theirs tells, one for a process: what is learnt of one resource need not be
 * asked for the next. It is forgotten with the process, and learnt anew.
 */
export class ServerTraits {
  /** A deleted resource is `gone` (410), or `hidden`: 404, as if it had never been. */
  #deleted: 'unknown' | 'gone' | 'hidden' = 'unknown';
  readonly #ids = new Map<ResourceType, 'kept' | 'assigned'>();
  readonly #stated = new Map<ResourceType, boolean | undefined>();
  readonly #onLearnt: (what: string) => void;

  /** @param onLearnt told, in words for a log line, what changes how this server is written to */
  constructor(onLearnt: (what: string) => void = () => undefined) {
    this.#onLearnt = onLearnt;
  }

  /** `kept`: a PUT creates under the id it names. `assigned`: the server gives ids of its own. */
  idsOf(resourceType: ResourceType): 'unknown' | 'kept' | 'assigned' {
    return this.#ids.get(resourceType) ?? 'unknown';
  }

  learnIds(resourceType: ResourceType, ids: 'kept' | 'assigned'): void {
    if (this.#ids.get(resourceType) === ids) return;
    this.#ids.set(resourceType, ids);
    if (ids === 'assigned') this.#onLearnt(`the FHIR server gives ids of its own to resources of type ${resourceType}`);
  }

  /** What the server states of it, asked for once. */
  async takesClientIds(fhir: FhirClient, resourceType: ResourceType): Promise<boolean | undefined> {
    if (!this.#stated.has(resourceType)) this.#stated.set(resourceType, await fhir.takesClientIds(resourceType));
    return this.#stated.get(resourceType);
  }

  /** Whether a 404 may be all that is left of a deleted resource. */
  get mayHideDeleted(): boolean {
    return this.#deleted !== 'gone';
  }

  learnDeleted(deleted: 'gone' | 'hidden'): void {
    // One that hides a deletion may show another: a mixed server is not to be trusted again.
    if (this.#deleted === 'hidden' || this.#deleted === deleted) return;
    this.#deleted = deleted;
    if (deleted === 'hidden') this.#onLearnt('the FHIR server answers 404 for what was deleted: histories are asked');
  }
}

/**
 * Reads a resource. Where the server may hide deletions, its history is asked before it counts as absent: what somebody
 * has deleted is not made anew.
 */
export async function readUnlessDeleted<R extends Resource>(
  { fhir, traits }: FhirServer,
  resourceType: R['resourceType'],
  id: string,
): Promise<ReadResult<R>> {
  const read = await fhir.read<R>(resourceType, id);
  if (read === 'deleted') traits.learnDeleted('gone');
  if (read !== 'absent' || !traits.mayHideDeleted) return read;
  const [newest] = (await fhir.history<R>(resourceType, id)) ?? [];
  if (newest === undefined) return 'absent';
  if (newest.resource !== undefined) return await fhir.read<R>(resourceType, id); // made since
  traits.learnDeleted('hidden');
  return 'deleted';
}

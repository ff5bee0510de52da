import type { CapabilityStatement, Resource } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import { updateCreateOf } from './fhir-answers.ts';
import type { FhirClient, ReadResult } from './fhir-client.ts';

type ResourceType = Resource['resourceType'];

/** A server and what this process has learnt about it. */
export interface FhirServer {
  readonly fhir: FhirClient;
  readonly traits: ServerTraits;
}

/** Names of servers (`software.name`) that are known to answer 410 for what was deleted. */
const KNOWN_TO_SHOW_DELETED = /\b(HAPI|Firely|Azure|Microsoft)\b/i;

/**
 * Where servers differ and no statement of theirs tells, one for a process: what is learnt of one resource need not be
 * asked for the next. It is forgotten with the process, and learnt anew.
 */
export class ServerTraits {
  /** A deleted resource is `gone` (410), or `hidden`: 404, as if it had never been. */
  #deleted: 'unknown' | 'gone' | 'hidden' = 'unknown';
  readonly #ids = new Map<ResourceType, 'kept' | 'assigned'>();
  #statement: CapabilityStatement | undefined;
  #isNameAskedFor = false;
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
    const known = this.#ids.get(resourceType);
    // No server ceases to keep ids: what looks so comes of something before it. Others rely on the ids they know.
    if (known === ids || known === 'kept') return;
    this.#ids.set(resourceType, ids);
    if (ids === 'assigned') this.#onLearnt(`the FHIR server gives ids of its own to resources of type ${resourceType}`);
  }

  /** What the server states of it; undefined when it does not say. The statement is asked for until it was had once. */
  async takesClientIds(fhir: FhirClient, resourceType: ResourceType): Promise<boolean | undefined> {
    this.#statement ??= await fhir.capabilities();
    return this.#statement && updateCreateOf(this.#statement, resourceType);
  }

  /** Whether a 404 may be all that is left of a deleted resource. The server is asked for its name once. */
  async mayHideDeleted(fhir: FhirClient): Promise<boolean> {
    if (this.#deleted === 'unknown' && !this.#isNameAskedFor) {
      this.#isNameAskedFor = true;
      if (KNOWN_TO_SHOW_DELETED.test(await this.#nameOf(fhir))) this.learnDeleted('gone');
    }
    return this.#deleted !== 'gone';
  }

  async #nameOf(fhir: FhirClient): Promise<string> {
    try {
      this.#statement ??= await fhir.capabilities();
    } catch (error) {
      // A server is of use without its statement. Whoever is to stop hears it from the next request.
      if (!(error instanceof IngestError)) throw error;
    }
    const { name } = (this.#statement?.software ?? {}) as { name?: unknown };
    return typeof name === 'string' ? name : '';
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
  if (read !== 'absent' || !(await traits.mayHideDeleted(fhir))) return read;
  const [newest] = (await fhir.history<R>(resourceType, id)) ?? [];
  if (newest === undefined) return 'absent';
  if (newest.resource !== undefined) return await fhir.read<R>(resourceType, id); // made since
  traits.learnDeleted('hidden');
  return 'deleted';
}

import { randomUUID } from 'node:crypto';
import { badRequest, gone, notFound, OperationOutcomeError, tryParseReference, validateResource } from '@medplum/core';
import type { Operation, SearchRequest, WithId } from '@medplum/core';
import { FhirRepository, getExtraEntries } from '@medplum/fhir-router';
import type {
  CreateResourceOptions,
  DeleteResourceOptions,
  ReadHistoryOptions,
  SearchOptions,
  UpdateResourceOptions,
} from '@medplum/fhir-router';
import type { Bundle, Parameters, Reference, Resource } from '@medplum/fhirtypes';
import { traitsOf } from './behaviours.ts';
import type { FhirTraits } from './behaviours.ts';
import { historyBundle, searchBundle } from './bundles.ts';
import { applyFhirPatch } from './fhir-patch.ts';
import { formatFhirJson, parseFhirJson } from './fhir-json.ts';
import { indexEntries } from './index-entries.ts';
import { idsAreAssigned, missingReference } from './outcomes.ts';
import { searchResources } from './resource-search.ts';
import type { ResourceStore, StoredVersion } from './resource-store.ts';
import { literalReferences } from './resource-walk.ts';
import { isSameContent, storedContent } from './stored-content.ts';
import { versionIdOf } from './version-id.ts';
import { requireConditions } from './write-conditions.ts';
import type { WriteConditions } from './write-conditions.ts';

const RESOURCE_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/**
 * Medplum's repository on SQLite: what its router needs to serve FHIR, with history, deletes and validation.
 * Resources that go in and out carry their numbers as `parseFhirJson` does. The methods are asynchronous in type only;
 * transactions need the caller to serve one request at a time.
 */
export class SqliteRepository extends FhirRepository {
  readonly #store: ResourceStore;
  readonly #baseUrl: string;
  readonly #traits: FhirTraits;
  #historyReads = 0;

  /** @param baseUrl of the server's FHIR endpoint, without a slash at the end: for links, and to know own references */
  constructor(store: ResourceStore, baseUrl: string, traits = traitsOf()) {
    super();
    this.#store = store;
    this.#baseUrl = baseUrl;
    this.#traits = traits;
  }

  setMode(): void {
    // One database serves readers and writers alike.
  }

  generateId(): string {
    return randomUUID();
  }

  createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    const id = options?.assignedId && resource.id ? resource.id : this.generateId();
    return promised(() => this.#write(storedContent(this.#traits, { ...resource, id }), 'POST'));
  }

  updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    const ifMatch = options?.ifMatch === undefined ? undefined : [options.ifMatch];
    return promised(() => this.put(resource, { ifMatch }).resource as WithId<T>);
  }

  /**
   * Creates or replaces a resource under its own id, in one step with the check of the conditions.
   *
   * @throws OperationOutcomeError 412 when a condition does not hold, 400 when the resource is not valid; with other
   *   traits other refusals
   */
  put(resource: Resource, conditions: WriteConditions): { resource: WithId<Resource>; created: boolean } {
    if (!resource.id || !RESOURCE_ID.test(resource.id)) {
      throw new OperationOutcomeError(badRequest('Expected an id of 1 to 64 letters, digits, - and .', 'Resource.id'));
    }
    const newest = this.#store.newest(resource.resourceType, resource.id);
    if (!newest && this.#traits.clientIds === 'refused') throw new OperationOutcomeError(idsAreAssigned);
    const live = newest?.text === undefined ? undefined : newest;
    requireConditions(this.#traits, conditions, live && versionIdOf(live));
    const kept = storedContent(this.#traits, { ...resource, id: resource.id });
    if (live && this.#traits.identicalUpdate === 'no-version') {
      const stored = toResource(live, this.#traits);
      if (isSameContent(stored, kept)) return { resource: stored, created: false };
    }
    return { resource: this.#write(kept, 'PUT'), created: !live };
  }

  readResource<T extends Resource>(resourceType: string, id: string): Promise<WithId<T>> {
    return promised(() => this.#read(resourceType, id) as WithId<T>);
  }

  readVersion<T extends Resource>(resourceType: string, id: string, vid: string): Promise<WithId<T>> {
    return promised(() => {
      const versions = this.#store.history(resourceType, id, Number.MAX_SAFE_INTEGER, 0);
      const version = versions.find((each) => versionIdOf(each) === vid);
      return toResource(version, this.#traits) as WithId<T>;
    });
  }

  readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    return promised(() => {
      const local = reference.reference?.replace(`${this.#baseUrl}/`, '');
      const [type, id] = tryParseReference(local === undefined ? {} : { reference: local }) ?? [];
      if (!type || !id) throw new OperationOutcomeError(badRequest('Expected a reference of the form Type/id'));
      return this.#read(type, id) as WithId<T>;
    });
  }

  async readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    const settled = await Promise.allSettled(references.map((reference) => this.readReference<T>(reference)));
    return settled.map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as Error)));
  }

  readHistory<T extends Resource>(
    resourceType: string,
    id: string,
    options?: ReadHistoryOptions,
  ): Promise<Bundle<WithId<T>>> {
    return promised(() => {
      const total = this.#store.historyCount(resourceType, id);
      if (total === 0) throw new OperationOutcomeError(notFound);
      if (this.#traits.historyOfDeleted === 404) this.#read(resourceType, id);
      const versions = this.#store.history(resourceType, id, options?.limit ?? total, options?.offset ?? 0);
      if (this.#traits.historyOrder === 'flips' && this.#historyReads++ % 2 === 1) versions.reverse();
      return historyBundle<WithId<T>>({ baseUrl: this.#baseUrl, resourceType, id }, this.#traits, versions, total);
    });
  }

  deleteResource(resourceType: string, id: string, options?: DeleteResourceOptions): Promise<void> {
    return promised(() => {
      const newest = this.#store.newest(resourceType, id);
      const versionId = newest?.text === undefined ? undefined : versionIdOf(newest);
      const ifMatch = options?.ifMatch === undefined ? undefined : [options.ifMatch];
      requireConditions(this.#traits, { ifMatch }, versionId);
      this.#store.delete(resourceType, id);
    });
  }

  patchResource<T extends Resource>(
    resourceType: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    return promised(() => {
      const resource = this.#read(resourceType, id);
      applyFhirPatch(resource, patch);
      if (resource.id !== id || resource.resourceType !== resourceType) {
        throw new OperationOutcomeError(badRequest('A patch may not change the id or the type', 'Resource.id'));
      }
      return this.put(resource, { ifMatch: options?.ifMatch === undefined ? undefined : [options.ifMatch] })
        .resource as WithId<T>;
    });
  }

  async search<T extends Resource>(request: SearchRequest<T>, options?: SearchOptions): Promise<Bundle<WithId<T>>> {
    const wantsTotal = request.total !== 'none' && !options?.resourceOnly;
    const page = searchResources(this.#store, this.#traits, request, wantsTotal);
    const resources = page.texts.map((text) => parseFhirJson(text) as WithId<T>);
    const bundle = searchBundle(this.#baseUrl, this.#traits, request, page, resources);
    const fullUrl = (type: string, id: string): string => `${this.#baseUrl}/${type}/${id}`;
    await getExtraEntries(this, request, resources, bundle.entry, { fullUrl }); // appends what _include finds
    return bundle;
  }

  async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    referenceField: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found: Record<string, WithId<T>[]> = {};
    for (const value of references) {
      const filters = [...(request.filters ?? []), { code: referenceField, operator: 'eq', value } as const];
      found[value] = await this.searchResources({ ...request, filters });
    }
    return found;
  }

  withTransaction<R>(callback: (repository: this) => Promise<R>): Promise<R> {
    if (this.#traits.failedTransaction === 'half-done') return callback(this);
    return this.#store.transaction(() => callback(this));
  }

  #read(type: string, id: string): WithId<Resource> {
    return toResource(this.#store.newest(type, id), this.#traits);
  }

  #write<T extends Resource>(resource: WithId<T>, method: 'POST' | 'PUT'): WithId<T> {
    let stored = resource;
    this.#store.write(resource.resourceType, resource.id, {
      method,
      finish: (number, updatedAt) => {
        const versionId = this.#traits.versionIds === 'uuids' ? randomUUID() : String(number);
        const meta = { ...resource.meta, versionId, lastUpdated: new Date(updatedAt).toISOString() };
        stored = { ...{ resourceType: resource.resourceType, id: resource.id, meta }, ...resource, meta };
        const text = formatFhirJson(stored);
        const plain = JSON.parse(text.replaceAll(`"reference":"${this.#baseUrl}/`, '"reference":"')) as Resource;
        this.#validate(plain);
        return { text, entries: indexEntries(plain) };
      },
    });
    return stored;
  }

  /** @throws OperationOutcomeError 400 */
  #validate(resource: Resource): void {
    if (this.#traits.invalidResource === 'refused') validateResource(resource);
    if (this.#traits.danglingReference === 'taken') return;
    for (const { type, id, path } of literalReferences(resource)) {
      if (this.#store.newest(type, id)?.text === undefined) {
        throw new OperationOutcomeError(missingReference(type, id, path));
      }
    }
  }
}

/** So that what `work` throws reaches its caller as a rejection. */
function promised<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}

function toResource(version: StoredVersion | undefined, { readOfDeleted }: FhirTraits): WithId<Resource> {
  if (!version) throw new OperationOutcomeError(notFound);
  if (version.text === undefined) throw new OperationOutcomeError(readOfDeleted === 410 ? gone : notFound);
  return parseFhirJson(version.text) as WithId<Resource>;
}

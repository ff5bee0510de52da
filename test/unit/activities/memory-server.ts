import type { CapabilityStatement, Resource } from 'fhir/r4.js';
import { parse, stringify } from 'lossless-json';
import { newestFirst } from '../../../activities/fhir-answers.ts';
import type {
  CreateResult,
  FhirClient,
  HistoryEntry,
  PutCondition,
  PutResult,
  ReadResult,
  SearchParams,
  WithId,
} from '../../../activities/fhir-client.ts';
import type { Identified } from '../../../activities/find-by-identifier.ts';
import { searchFor } from '../../../activities/find-by-identifier.ts';
import { IngestError } from '../../../core/errors.ts';

/** How a server differs from the specification, or makes use of what it leaves open. */
export interface Manner {
  readonly ifNoneMatch: 'heeded' | 'ignored';
  readonly deleted: 'gone' | 'hidden';
  /** `refused`: 405, or with 422 and a statement, or with 422 and none; `replaced`: created, under another id. */
  readonly clientIds: 'kept' | 'kept, unstated' | 'refused' | 'refused, stated' | 'refused, unstated' | 'replaced';
  readonly versions: 'numbers' | 'uuids' | 'none';
  /** `one`: all versions are of the same instant, as far as the server tells. */
  readonly times: 'exact' | 'one';
  readonly history: 'newest first' | 'oldest first' | 'newest only' | 'none';
  /** What a write that names a version makes of what was deleted. */
  readonly ifMatchOfDeleted: 'conflict' | 'created';
  /** What it calls itself. */
  readonly software: string | undefined;
  readonly precision: '100ns' | 'ms';
  readonly searchCase: 'exact' | 'ignored';
}

const PLAIN: Manner = {
  ifNoneMatch: 'heeded',
  deleted: 'gone',
  clientIds: 'kept',
  versions: 'numbers',
  times: 'exact',
  history: 'newest first',
  ifMatchOfDeleted: 'conflict',
  software: undefined,
  precision: '100ns',
  searchCase: 'exact',
};

interface Version {
  readonly versionId: string;
  readonly lastUpdated: string;
  /** Undefined: deleted. */
  readonly text: string | undefined;
}

type Operation = 'search' | 'read' | 'put' | 'create' | 'delete' | 'history' | 'capabilities';

/** Told of every request: before it has any effect, and before its answer is heard. What it throws, the caller gets. */
export interface Wire {
  readonly before?: (operation: Operation, resourceType: string) => Promise<void> | void;
  readonly after?: (operation: Operation, resourceType: string) => Promise<void> | void;
}

/** A FHIR server in memory, in the manner asked for. Each request is one step: what races is what lies between them. */
export class MemoryServer {
  readonly #manner: Manner;
  readonly #versions = new Map<string, Version[]>();
  #count = 0;
  /** As `put Observation`, in order. */
  readonly requests: string[] = [];

  constructor(manner: Partial<Manner> = {}) {
    this.#manner = { ...PLAIN, ...manner };
  }

  client({ before, after }: Wire = {}): FhirClient {
    const over = async <T>(operation: Operation, resourceType: string, run: () => T): Promise<T> => {
      await before?.(operation, resourceType);
      this.requests.push(`${operation} ${resourceType}`);
      const answer = run();
      await after?.(operation, resourceType);
      return answer;
    };
    return {
      search: <R extends Resource>(type: R['resourceType'], params: SearchParams) =>
        over('search', type, () => this.#search(type, params) as Resource[] as R[]),
      read: <R extends Resource>(type: R['resourceType'], id: string) =>
        over('read', type, () => this.#read(type, id) as ReadResult<R>),
      put: (resource, condition) => over('put', resource.resourceType, () => this.#put(resource, condition)),
      create: (resource, criteria) => over('create', resource.resourceType, () => this.#create(resource, criteria)),
      history: <R extends Resource>(type: R['resourceType'], id: string) =>
        over('history', type, () => this.#history(type, id) as HistoryEntry<R>[] | undefined),
      delete: (type, id, versionId) =>
        over('delete', type, () => {
          if (versionId === undefined || this.#newest(`${type}/${id}`)?.versionId === versionId) this.delete(type, id);
        }),
      capabilities: () => over('capabilities', 'CapabilityStatement', () => this.#statement()),
    };
  }

  /** Writes as somebody else would, whatever is there. */
  write(resource: Resource): void {
    this.#append(`${resource.resourceType}/${resource.id ?? ''}`, resource);
  }

  delete(resourceType: string, id: string): void {
    this.#append(`${resourceType}/${id}`, undefined);
  }

  /** All that live, as they were written, without `meta`. */
  all<R extends Resource>(resourceType: R['resourceType']): R[] {
    const keys = [...this.#versions.keys()].filter((key) => key.startsWith(`${resourceType}/`));
    return keys.flatMap((key) => {
      const newest = this.#newest(key);
      return newest?.text === undefined ? [] : [parse(newest.text) as R];
    });
  }

  versionCount(resourceType: string, id: string): number {
    return this.#versions.get(`${resourceType}/${id}`)?.length ?? 0;
  }

  #newest(key: string): Version | undefined {
    return this.#versions.get(key)?.at(-1);
  }

  #append(key: string, resource: Resource | undefined): Version {
    const known = this.#versions.get(key) ?? [];
    const count = known.length + 1;
    this.#count += 1;
    const version: Version = {
      // Neither their order nor their spelling says anything.
      versionId: this.#manner.versions === 'uuids' ? `${(this.#count * 7919) % 65_521}-a-${count}` : String(count),
      lastUpdated: new Date(1_700_000_000_000 + (this.#manner.times === 'one' ? 0 : this.#count)).toISOString(),
      text: resource && this.#stored(resource),
    };
    this.#versions.set(key, [...known, version]);
    return version;
  }

  #stored(resource: Resource): string {
    const { meta: _, ...content } = resource;
    const text = stringify(content) ?? '';
    return this.#manner.precision === 'ms' ? text.replace(/(:\d{2}\.\d{3})\d+/g, '$1') : text;
  }

  #shown({ text, versionId, lastUpdated }: Version): Resource {
    const meta = this.#manner.versions === 'none' ? {} : { meta: { versionId, lastUpdated } };
    return { ...(parse(text ?? '') as Resource), ...meta };
  }

  #versionId(version: Version | undefined): string | undefined {
    return this.#manner.versions === 'none' ? undefined : version?.versionId;
  }

  #read(type: string, id: string): ReadResult<Resource> {
    const newest = this.#newest(`${type}/${id}`);
    if (newest === undefined) return 'absent';
    if (newest.text === undefined) return this.#manner.deleted === 'gone' ? 'deleted' : 'absent';
    return { resource: this.#shown(newest), versionId: this.#versionId(newest) };
  }

  #search(type: string, params: SearchParams): Identified[] {
    const fold = (text = ''): string => (this.#manner.searchCase === 'exact' ? text : text.toLowerCase());
    const wanted = fold(params['identifier']);
    return this.all<Identified>(type).filter(({ identifier = [] }) =>
      identifier.some(({ system = '', value = '' }) =>
        [searchFor({ system, value }), searchFor({ system: '', value })].some(
          (by) => fold(by['identifier']) === wanted,
        ),
      ),
    );
  }

  #put(resource: WithId<Resource>, condition: PutCondition): PutResult {
    const { clientIds, ifNoneMatch } = this.#manner;
    const key = `${resource.resourceType}/${resource.id}`;
    const newest = this.#newest(key);
    const exists = newest?.text !== undefined;
    if (condition !== undefined && 'ifMatch' in condition) {
      const isMade = !exists && this.#manner.ifMatchOfDeleted === 'created';
      if (!isMade && (!exists || newest.versionId !== condition.ifMatch)) return { kind: 'conflict' };
    } else if (condition !== undefined && exists && ifNoneMatch === 'heeded') return { kind: 'conflict' };
    if (!exists && clientIds === 'replaced') return this.#made(resource);
    if (!exists && !clientIds.startsWith('kept'))
      throw refusal(resource.resourceType, clientIds === 'refused' ? 405 : 422);
    const version = this.#append(key, resource);
    return { kind: exists ? 'replaced' : 'created', id: resource.id, versionId: this.#versionId(version) };
  }

  #create(resource: Resource, criteria: SearchParams): CreateResult {
    if (resource.id !== undefined) throw new RangeError('Expected a resource without an id: the server gives it one');
    const [found, ...others] = this.#search(resource.resourceType, criteria);
    if (others.length > 0) return { kind: 'ambiguous' };
    if (found === undefined) return this.#made(resource);
    const newest = this.#newest(`${resource.resourceType}/${found.id ?? ''}`);
    return { kind: 'existed', id: found.id, versionId: this.#versionId(newest) };
  }

  #made(resource: Resource) {
    const id = `given-${this.#count + 1}`;
    const version = this.#append(`${resource.resourceType}/${id}`, { ...resource, id });
    return { kind: 'created', id, versionId: this.#versionId(version) } as const;
  }

  #history(type: string, id: string): HistoryEntry<Resource>[] | undefined {
    const versions = this.#versions.get(`${type}/${id}`);
    if (versions === undefined || this.#manner.history === 'none') return undefined;
    const isStamped = this.#manner.versions !== 'none';
    const entries = versions.map((version) => ({
      resource: version.text === undefined ? undefined : this.#shown(version),
      versionId: this.#versionId(version),
      lastUpdated: isStamped ? version.lastUpdated : undefined,
    }));
    if (this.#manner.history === 'newest only') return entries.slice(-1);
    return newestFirst(this.#manner.history === 'newest first' ? entries.reverse() : entries);
  }

  #statement(): CapabilityStatement {
    const { software, clientIds } = this.#manner;
    const stated = clientIds === 'kept' ? true : clientIds === 'refused, stated' ? false : undefined;
    const types = stated === undefined ? [] : (['Observation', 'Patient', 'Device'] as const);
    const resource = types.map((type) => ({ type, updateCreate: stated }));
    const rest = [{ mode: 'server', resource }];
    return { ...(software !== undefined && { software: { name: software } }), rest } as unknown as CapabilityStatement;
  }
}

function refusal(resourceType: string, status: number): IngestError {
  const code = status === 422 && resourceType === 'Observation' ? 'OBSERVATION_REJECTED' : 'FHIR_REQUEST_REJECTED';
  return new IngestError(code, `Refused with ${status}`, { operation: 'write', resourceType, status });
}

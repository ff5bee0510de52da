import { IngestError } from '../core/errors.ts';
import type { ObservationIdentifier } from '../core/observation-identifier.ts';
import type { IdentifiedResource, Lineage, MergedResource } from '../templates/fhir-mapping/fhir-mapping.ts';
import { createOnce } from './create-once.ts';
import type { Stored, WithId } from './fhir-client.ts';
import { findByIdentifier } from './find-by-identifier.ts';
import type { ReplacedVersions } from './replaced-versions.ts';
import { bothOf, NOTHING_REPLACED, replacedVersions } from './replaced-versions.ts';
import type { FhirServer } from './server-traits.ts';
import { readUnlessDeleted } from './server-traits.ts';
import { writeBack } from './write-back.ts';

/** How one group becomes a resource: new, or merged into the stored one. All are pure. */
export interface ResourceDraft<R extends IdentifiedResource = IdentifiedResource> {
  readonly resourceType: R['resourceType'];
  readonly lineage: Lineage<R>;
  /** Names the resource, and the id it has where the server lets us choose: a repeated write meets its own. */
  readonly identifier: ObservationIdentifier;
  create(): R;
  merge(stored: R): MergedResource<R>;
  /** What another version of the resource holds, merged into this one. */
  join(stored: R, other: R): MergedResource<R>;
}

export interface WriterDeps extends FhirServer {
  /** Told when a create had replaced a resource that somebody had just written, and both are together again. */
  readonly onReplaced: () => void;
}

export type WriteOutcome = 'created' | 'updated' | 'unchanged';

/** Conflicts are settled by reading again; so many in a row mean that somebody else writes all the time. */
const MAX_ROUNDS = 6;

/**
 * Creates or merges one resource. Safe to repeat and safe against others who write the same one: every write names
 * the version it was made from, and a lost race is read and merged again.
 *
 * @throws IngestError
 */
export async function writeResource<R extends IdentifiedResource>(
  deps: WriterDeps,
  draft: ResourceDraft<R>,
): Promise<WriteOutcome> {
  let id: string | undefined;
  let replaced: ReplacedVersions<R> = NOTHING_REPLACED;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const stored = await locate(deps, draft, id);
    if (stored !== undefined) {
      const outcome = await merge(deps, draft, stored, replaced);
      if (outcome === 'put back') replaced = NOTHING_REPLACED;
      else if (outcome !== 'conflict') return outcome;
      continue;
    }
    const creation = await createOnce(deps, withId(draft), draft.identifier);
    switch (creation.kind) {
      case 'created':
        return 'created';
      case 'exists':
        id = creation.id;
        break;
      case 'ambiguous':
        throw ambiguous(draft);
      case 'replaced':
        replaced = await replacedByUs(deps, draft, creation.versionId);
        if (replaced.versions.length === 0) return 'created'; // a server that answers so to every create
    }
  }
  throw new IngestError(
    'OBSERVATION_CONFLICT',
    `The ${draft.resourceType} changed under the hand ${MAX_ROUNDS} times in a row`,
  );
}

function withId<R extends IdentifiedResource>(draft: ResourceDraft<R>): WithId<R> {
  return { ...draft.create(), id: draft.identifier.id };
}

/**
 * The stored resource: under its own id, or found by its identifier where the server gives ids of its own, or may do
 * so for all we know.
 *
 * @param id under which the server has just said it stands
 */
async function locate<R extends IdentifiedResource>(
  deps: WriterDeps,
  draft: ResourceDraft<R>,
  id: string | undefined,
): Promise<Stored<R> | undefined> {
  const { resourceType, identifier } = draft;
  const ids = deps.traits.idsOf(resourceType);
  const expected = id ?? (ids === 'assigned' ? undefined : identifier.id);
  if (expected !== undefined) {
    const stored = await readUnlessDeleted<R>(deps, resourceType, expected);
    if (stored === 'deleted' && expected === identifier.id) throw deleted(draft);
    if (typeof stored === 'object') return stored;
    if (ids === 'kept') return undefined;
  }
  const [found, ...others] = await findByIdentifier<R>(deps.fhir, resourceType, identifier);
  if (others.length > 0) throw ambiguous(draft);
  if (found === undefined) return undefined;
  // What a search shows may be old already, and its numbers are not as they were written.
  const stored = await deps.fhir.read<R>(resourceType, found.id);
  return typeof stored === 'object' ? stored : undefined;
}

/** @returns `conflict`, or `put back` what had been replaced: then it is to be read again */
async function merge<R extends IdentifiedResource>(
  deps: WriterDeps,
  draft: ResourceDraft<R>,
  { resource: stored, versionId }: Stored<R>,
  known: ReplacedVersions<R>,
): Promise<WriteOutcome | 'conflict' | 'put back'> {
  const merged = draft.merge(stored); // also refuses what is not to be touched
  // Ours may have been replaced in turn, by a create that replaced what others had built on it.
  const replaced = bothOf(await replacedByOthers(deps, draft, stored, versionId), known);
  const { resource, isWhole } =
    replaced.versions.length === 0 ? { ...merged, isWhole: true } : restore(draft, stored, replaced);
  if (resource === stored) return 'unchanged';
  const written = { ...resource, id: stored.id ?? draft.identifier.id };
  const result = await writeBack<R>(deps.fhir, written, versionId);
  if (result === 'deleted') throw deleted(draft);
  if (result === 'conflict') return 'conflict';
  if (replaced.versions.length > 0) deps.onReplaced();
  return isWhole ? 'updated' : 'put back';
}

/** What our create has replaced. */
async function replacedByUs<R extends IdentifiedResource>(
  { fhir }: WriterDeps,
  { resourceType, lineage, identifier }: ResourceDraft<R>,
  versionId: string | undefined,
): Promise<ReplacedVersions<R>> {
  if (versionId === '1') return NOTHING_REPLACED;
  const history = (await fhir.history<R>(resourceType, identifier.id)) ?? [];
  const replaced = replacedVersions(lineage, history, versionId, true);
  // Where versions are counted, something was there before the second.
  const isShown = replaced !== undefined && (replaced.versions.length > 0 || !/^\d+$/.test(versionId ?? ''));
  if (isShown) return replaced;
  const message = `A create replaced a ${resourceType} whose earlier version the server does not show`;
  throw new IngestError('OBSERVATION_CONFLICT', message);
}

/**
 * What a create has replaced whose writer did not live to mend it. It is as created, and not the first version; every
 * merge since, ours or a mending one, would show.
 */
async function replacedByOthers<R extends IdentifiedResource>(
  { fhir, traits }: WriterDeps,
  { resourceType, lineage }: ResourceDraft<R>,
  stored: R,
  versionId: string | undefined,
): Promise<ReplacedVersions<R>> {
  const { id } = stored;
  const isFirst = versionId === undefined || versionId === '1';
  if (isFirst || id === undefined || !lineage.isCreate(stored) || traits.idsOf(resourceType) === 'assigned')
    return NOTHING_REPLACED;
  const history = (await fhir.history<R>(resourceType, id)) ?? [];
  return replacedVersions(lineage, history, versionId, false) ?? NOTHING_REPLACED;
}

/**
 * All versions in one. Creates that replaced others are merged into what was there first, with what others had added
 * there. Where that cannot be, what was first is put back: it alone was booked, and whoever created over it has to write
 * again.
 *
 * @throws IngestError where what was first is not known, or others have built on the create already
 */
function restore<R extends IdentifiedResource>(
  draft: ResourceDraft<R>,
  stored: R,
  { versions, isOrdered }: ReplacedVersions<R>,
): { readonly resource: R; readonly isWhole: boolean } {
  const { lineage } = draft;
  const [base = stored, ...others] = lineage.isCreate(stored)
    ? [...byAge(lineage, versions), stored]
    : [stored, ...versions.toReversed()];
  try {
    const joined = others.reduce((whole, other) => draft.join(whole, other).resource, base);
    const { resource } = draft.merge(joined);
    return { resource: base === stored ? resource : lineage.amended(resource), isWhole: true };
  } catch (error) {
    if (!(error instanceof IngestError) || base === stored || !isOrdered) throw error;
    return { resource: lineage.amended(base), isWhole: false };
  }
}

/** The oldest first; of versions of one instant one that was merged, which has what others had added. */
function byAge<R extends IdentifiedResource>(lineage: Lineage<R>, versions: readonly R[]): R[] {
  const isCreate = (version: R): boolean => lineage.isCreate(version);
  const oldestFirst = versions.toReversed();
  return [...oldestFirst.filter((version) => !isCreate(version)), ...oldestFirst.filter(isCreate)];
}

function deleted({ resourceType }: ResourceDraft): IngestError {
  return new IngestError('OBSERVATION_DELETED', `Expected to write to a ${resourceType} that somebody has deleted`);
}

function ambiguous({ resourceType }: ResourceDraft): IngestError {
  return new IngestError(
    'OBSERVATION_AMBIGUOUS',
    `Expected one ${resourceType} with the identifier of these measurements, found several`,
  );
}

import type { Observation } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import type { ObservationIdentifier } from '../core/observation-identifier.ts';
import { createOnce } from './create-once.ts';
import type { Stored, WithId } from './fhir-client.ts';
import { findByIdentifier } from './find-by-identifier.ts';
import type { ReplacedVersions } from './replaced-versions.ts';
import { bothOf, isCreate, NOTHING_REPLACED, replacedVersions } from './replaced-versions.ts';
import type { FhirServer } from './server-traits.ts';
import { readUnlessDeleted } from './server-traits.ts';
import { writeBack } from './write-back.ts';

interface Merged {
  readonly outcome: 'updated' | 'unchanged';
  readonly observation: Observation;
}

/** How one group becomes an Observation: new, or merged into the stored one. All are pure. */
export interface ObservationDraft {
  /** Names the Observation, and the id it has where the server lets us choose: a repeated write meets its own. */
  readonly identifier: ObservationIdentifier;
  create(): Observation;
  merge(stored: Observation): Merged;
  /** What another version of the Observation holds, merged into this one. */
  join(stored: Observation, other: Observation): Merged;
}

export interface WriterDeps extends FhirServer {
  /** Told when a create had replaced an Observation that somebody had just written, and both are together again. */
  readonly onReplaced: () => void;
}

export type WriteOutcome = 'created' | 'updated' | 'unchanged';

/** Conflicts are settled by reading again; so many in a row mean that somebody else writes all the time. */
const MAX_ROUNDS = 6;

/**
 * Creates or merges one Observation. Safe to repeat and safe against others who write the same one: every write names
 * the version it was made from, and a lost race is read and merged again.
 *
 * @throws IngestError
 */
export async function writeObservation(deps: WriterDeps, draft: ObservationDraft): Promise<WriteOutcome> {
  let id: string | undefined;
  let replaced = NOTHING_REPLACED;
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
        throw ambiguous();
      case 'replaced':
        replaced = await replacedByUs(deps, draft, creation.versionId);
        if (replaced.versions.length === 0) return 'created'; // a server that answers so to every create
    }
  }
  throw new IngestError('OBSERVATION_CONFLICT', `The Observation changed under the hand ${MAX_ROUNDS} times in a row`);
}

function withId(draft: ObservationDraft): WithId<Observation> {
  return { ...draft.create(), id: draft.identifier.id };
}

/**
 * The stored Observation: under its own id, or found by its identifier where the server gives ids of its own, or may do
 * so for all we know.
 *
 * @param id under which the server has just said it stands
 */
async function locate(
  deps: WriterDeps,
  { identifier }: ObservationDraft,
  id: string | undefined,
): Promise<Stored<Observation> | undefined> {
  const ids = deps.traits.idsOf('Observation');
  const expected = id ?? (ids === 'assigned' ? undefined : identifier.id);
  if (expected !== undefined) {
    const stored = await readUnlessDeleted<Observation>(deps, 'Observation', expected);
    if (stored === 'deleted' && expected === identifier.id) throw deleted();
    if (typeof stored === 'object') return stored;
    if (ids === 'kept') return undefined;
  }
  const [found, ...others] = await findByIdentifier<Observation>(deps.fhir, 'Observation', identifier);
  if (others.length > 0) throw ambiguous();
  if (found === undefined) return undefined;
  // What a search shows may be old already, and its numbers are not as they were written.
  const stored = await deps.fhir.read<Observation>('Observation', found.id);
  return typeof stored === 'object' ? stored : undefined;
}

/** @returns `conflict`, or `put back` what had been replaced: then it is to be read again */
async function merge(
  deps: WriterDeps,
  draft: ObservationDraft,
  { resource, versionId }: Stored<Observation>,
  known: ReplacedVersions,
): Promise<WriteOutcome | 'conflict' | 'put back'> {
  const merged = draft.merge(resource); // also refuses what is not to be touched
  // Ours may have been replaced in turn, by a create that replaced what others had built on it.
  const replaced = bothOf(await replacedByOthers(deps, resource, versionId), known);
  const { observation, isWhole } =
    replaced.versions.length === 0 ? { ...merged, isWhole: true } : restore(draft, resource, replaced);
  if (observation === resource) return 'unchanged';
  const written = { ...observation, id: resource.id ?? draft.identifier.id };
  const result = await writeBack<Observation>(deps.fhir, written, versionId);
  if (result === 'deleted') throw deleted();
  if (result === 'conflict') return 'conflict';
  if (replaced.versions.length > 0) deps.onReplaced();
  return isWhole ? 'updated' : 'put back';
}

/** What our create has replaced. */
async function replacedByUs(
  { fhir }: WriterDeps,
  { identifier }: ObservationDraft,
  versionId: string | undefined,
): Promise<ReplacedVersions> {
  if (versionId === '1') return NOTHING_REPLACED;
  const history = (await fhir.history<Observation>('Observation', identifier.id)) ?? [];
  const replaced = replacedVersions(history, versionId, true);
  // Where versions are counted, something was there before the second.
  const isShown = replaced !== undefined && (replaced.versions.length > 0 || !/^\d+$/.test(versionId ?? ''));
  if (isShown) return replaced;
  const message = 'A create replaced an Observation whose earlier version the server does not show';
  throw new IngestError('OBSERVATION_CONFLICT', message);
}

/**
 * What a create has replaced whose writer did not live to mend it. It is final, and not the first version; every merge
 * since, ours or a mending one, would have made it amended.
 */
async function replacedByOthers(
  { fhir, traits }: WriterDeps,
  stored: Observation,
  versionId: string | undefined,
): Promise<ReplacedVersions> {
  const { id } = stored;
  const isFirst = versionId === undefined || versionId === '1';
  if (isFirst || id === undefined || !isCreate(stored) || traits.idsOf('Observation') === 'assigned')
    return NOTHING_REPLACED;
  const history = (await fhir.history<Observation>('Observation', id)) ?? [];
  return replacedVersions(history, versionId, false) ?? NOTHING_REPLACED;
}

/**
 * All versions in one. Creates that replaced others are merged into what was there first, with what others had added
 * there. Where that cannot be, what was first is put back: it alone was booked, and whoever created over it has to write
 * again.
 *
 * @throws IngestError where what was first is not known, or others have built on the create already
 */
function restore(
  draft: ObservationDraft,
  stored: Observation,
  { versions, isOrdered }: ReplacedVersions,
): { readonly observation: Observation; readonly isWhole: boolean } {
  const [base = stored, ...others] = isCreate(stored)
    ? [...byAge(versions), stored]
    : [stored, ...versions.toReversed()];
  try {
    const joined = others.reduce((whole, other) => draft.join(whole, other).observation, base);
    const { observation } = draft.merge(joined);
    return { observation: base === stored ? observation : amended(observation), isWhole: true };
  } catch (error) {
    if (!(error instanceof IngestError) || base === stored || !isOrdered) throw error;
    return { observation: amended(base), isWhole: false };
  }
}

/** The oldest first; of versions of one instant one that was merged, which has what others had added. */
function byAge(versions: readonly Observation[]): Observation[] {
  const oldestFirst = versions.toReversed();
  return [...oldestFirst.filter((version) => !isCreate(version)), ...oldestFirst.filter(isCreate)];
}

/** So that nobody takes it for a create that has replaced something. */
function amended(observation: Observation): Observation {
  return observation.status === 'final' ? { ...observation, status: 'amended' } : observation;
}

function deleted(): IngestError {
  return new IngestError('OBSERVATION_DELETED', 'Expected to write an Observation that somebody has deleted');
}

function ambiguous(): IngestError {
  return new IngestError(
    'OBSERVATION_AMBIGUOUS',
    'Expected one Observation with the identifier of these measurements, found several',
  );
}

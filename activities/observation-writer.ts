import type { Observation } from 'fhir/r4.js';
import { IngestError } from '../core/errors.ts';
import type { FhirClient, Stored } from './fhir-client.ts';

/** How one group becomes an Observation: new, or merged into the stored one. Both are pure. */
export interface ObservationDraft {
  /** The deterministic id: a repeated write meets its own Observation. */
  readonly id: string;
  create(): Observation;
  merge(stored: Observation): { readonly outcome: 'updated' | 'unchanged'; readonly observation: Observation };
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
export async function writeObservation(fhir: FhirClient, draft: ObservationDraft): Promise<WriteOutcome> {
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const stored = await fhir.read(draft.id);
    if (stored === 'deleted') {
      throw new IngestError('OBSERVATION_DELETED', 'Expected to write an Observation that somebody has deleted');
    }
    const outcome = stored === 'absent' ? await create(fhir, draft) : await merge(fhir, draft, stored);
    if (outcome !== undefined) return outcome;
  }
  throw new IngestError('OBSERVATION_CONFLICT', `The Observation changed under the hand ${MAX_ROUNDS} times in a row`);
}

/** @returns undefined when somebody was first: read again */
async function create(fhir: FhirClient, draft: ObservationDraft): Promise<WriteOutcome | undefined> {
  const observation = draft.create();
  const result = await fhir.put(observation, { ifNoneMatch: '*' });
  if (result.kind === 'conflict') return undefined;
  if (result.kind === 'created') return 'created';
  return await restoreReplaced(fhir, draft, result.versionId);
}

async function merge(
  fhir: FhirClient,
  draft: ObservationDraft,
  stored: Stored<Observation>,
): Promise<WriteOutcome | undefined> {
  const merged = draft.merge(stored.resource);
  if (merged.outcome === 'unchanged') return 'unchanged';
  const result = await fhir.put(merged.observation, stored.etag === undefined ? undefined : { ifMatch: stored.etag });
  return result.kind === 'conflict' ? undefined : 'updated';
}

/**
 * The server ignored `If-None-Match` and our create replaced what somebody had just written: merge into the version
 * before ours, and write that over ours.
 */
async function restoreReplaced(
  fhir: FhirClient,
  draft: ObservationDraft,
  ourVersionId: string | undefined,
): Promise<WriteOutcome | undefined> {
  const history = (await fhir.history<Observation>('Observation', draft.id)) ?? [];
  const ours = history.findIndex((entry) => entry.versionId === ourVersionId);
  const replaced = ours === -1 ? undefined : history[ours + 1]?.resource;
  if (replaced === undefined || ourVersionId === undefined) {
    throw new IngestError(
      'OBSERVATION_CONFLICT',
      'A create replaced an Observation whose earlier version the server does not show',
    );
  }
  const merged = draft.merge(replaced);
  const result = await fhir.put(merged.observation, { ifMatch: `W/"${ourVersionId}"` });
  return result.kind === 'conflict' ? undefined : 'updated';
}

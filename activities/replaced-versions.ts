import type { Resource } from 'fhir/r4.js';
import { parseFhirDateTime } from '../core/fhir-date-time.ts';
import type { IdentifiedResource, Lineage } from '../templates/fhir-mapping/fhir-mapping.ts';
import type { HistoryEntry } from './fhir-client.ts';

export interface ReplacedVersions<R extends IdentifiedResource> {
  /** The newest first. */
  readonly versions: readonly R[];
  /** Of several, which was first is known: it alone was booked, and what others have added is in it. */
  readonly isOrdered: boolean;
}

export const NOTHING_REPLACED: ReplacedVersions<never> = { versions: [], isOrdered: true };

/** @param later what was replaced after `earlier`, or the same */
export function bothOf<R extends IdentifiedResource>(
  later: ReplacedVersions<R>,
  earlier: ReplacedVersions<R>,
): ReplacedVersions<R> {
  const known = new Set(later.versions.map(({ meta }) => meta?.versionId));
  const others = earlier.versions.filter(({ meta }) => meta?.versionId === undefined || !known.has(meta.versionId));
  return { versions: [...later.versions, ...others], isOrdered: later.isOrdered && earlier.isOrdered };
}

/**
 * The versions that a create has replaced: those before it, back to the first that was merged from what was before
 * itself.
 *
 * @param history newest first; versions of one instant may stand in any order
 * @param versionId of the create; undefined where the server names no versions: it is then the newest
 * @param isCertain that it has replaced another; else its lineage has to tell
 * @returns undefined when the history does not show that version
 */
export function replacedVersions<R extends IdentifiedResource>(
  lineage: Lineage<R>,
  history: readonly HistoryEntry<R>[],
  versionId: string | undefined,
  isCertain: boolean,
): ReplacedVersions<R> | undefined {
  const at = versionId === undefined ? 0 : history.findIndex((entry) => entry.versionId === versionId);
  const entry = history[at];
  if (entry?.resource === undefined) return undefined;
  const { resource: created } = entry;
  const isTied = (other: HistoryEntry<R>): boolean => other !== entry && isSameInstant(other, entry);
  const tied = history
    .filter(isTied)
    .flatMap(({ resource }) =>
      resource !== undefined && (isCertain || lineage.isAnew(resource, created)) ? [resource] : [],
    );
  // A merged version among them has all that was before it.
  if (!tied.every((version) => lineage.isCreate(version))) return { versions: tied, isOrdered: tied.length === 1 };
  const older = history.slice(at + 1).filter((other) => !isTied(other));
  const before = olderReplaced(lineage, older, tied.at(-1) ?? created, isCertain && tied.length === 0);
  const versions = [...tied, ...before];
  return { versions, isOrdered: tied.length === 0 || versions.length === 1 };
}

/** @param isCertain that the newest of them was replaced */
function olderReplaced<R extends IdentifiedResource>(
  lineage: Lineage<R>,
  older: readonly HistoryEntry<R>[],
  created: R,
  isCertain: boolean,
): R[] {
  const replaced: R[] = [];
  let newer = created;
  for (const { resource } of older) {
    if (resource === undefined) break; // deleted, and not replaced
    if (!lineage.isAnew(newer, resource) && !(isCertain && replaced.length === 0)) break;
    replaced.push(resource);
    if (!lineage.isCreate(resource)) break;
    newer = resource;
  }
  return replaced;
}

/** What stood before that version; undefined when the history does not show it, or it had been deleted. */
export function versionBefore<R extends Resource>(
  history: readonly HistoryEntry<R>[],
  versionId: string | undefined,
): R | undefined {
  const at = versionId === undefined ? 0 : history.findIndex((entry) => entry.versionId === versionId);
  const entry = history[at];
  if (entry === undefined) return undefined;
  const tied = history.find((other) => other !== entry && isSameInstant(other, entry));
  return (tied ?? history[at + 1])?.resource;
}

function isSameInstant(a: HistoryEntry<Resource>, b: HistoryEntry<Resource>): boolean {
  const [first, second] = [a, b].map(({ lastUpdated }) => parseFhirDateTime(lastUpdated)?.ticks);
  return first !== undefined && first === second;
}

import type { Observation, Resource } from 'fhir/r4.js';
import { parseFhirDateTime } from '../core/fhir-date-time.ts';
import type { HistoryEntry } from './fhir-client.ts';

/**
 * The versions that a create has replaced, newest first: those before it, back to the first that was merged from what
 * was before itself. Every create says anew when it was `issued`; a change by hand keeps that.
 *
 * @param history newest first; versions of one instant may stand in any order
 * @param versionId of the create; undefined where the server names no versions: it is then the newest
 * @param isCertain that it has replaced another; else `issued` has to tell
 * @returns undefined when the history does not show that version
 */
export function replacedVersions(
  history: readonly HistoryEntry<Observation>[],
  versionId: string | undefined,
  isCertain: boolean,
): Observation[] | undefined {
  const at = versionId === undefined ? 0 : history.findIndex((entry) => entry.versionId === versionId);
  const entry = history[at];
  if (entry?.resource === undefined) return undefined;
  const { resource: created } = entry;
  const isTied = (other: HistoryEntry<Observation>): boolean => other !== entry && isSameInstant(other, entry);
  const replaced = history
    .filter(isTied)
    .flatMap(({ resource }) => (resource !== undefined && (isCertain || isAnew(resource, created)) ? [resource] : []));
  if (!replaced.every(isCreate)) return replaced;
  let newer = replaced.at(-1) ?? created;
  for (const { resource } of history.slice(at + 1).filter((older) => !isTied(older))) {
    if (resource === undefined) break; // deleted, and not replaced
    if (!isAnew(newer, resource) && !(isCertain && replaced.length === 0)) break;
    replaced.push(resource);
    if (!isCreate(resource)) break;
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

/** Only what was created and never merged is `final`. */
export function isCreate({ status }: Observation): boolean {
  return status === 'final';
}

function isAnew(a: Observation, b: Observation): boolean {
  return a.issued !== b.issued;
}

function isSameInstant(a: HistoryEntry<Resource>, b: HistoryEntry<Resource>): boolean {
  const [first, second] = [a, b].map(({ lastUpdated }) => parseFhirDateTime(lastUpdated)?.ticks);
  return first !== undefined && first === second;
}

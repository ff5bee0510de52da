import type { Observation, ObservationComponent, Resource } from 'fhir/r4.js';
import { parseFhirDateTime } from '../core/fhir-date-time.ts';
import { valueNamesOf } from '../core/stored-observation.ts';
import type { HistoryEntry } from './fhir-client.ts';

export interface ReplacedVersions {
  /** The newest first. */
  readonly versions: readonly Observation[];
  /** Of several, which was first is known: it alone was booked, and what others have added is in it. */
  readonly isOrdered: boolean;
}

export const NOTHING_REPLACED: ReplacedVersions = { versions: [], isOrdered: true };

/** @param later what was replaced after `earlier`, or the same */
export function bothOf(later: ReplacedVersions, earlier: ReplacedVersions): ReplacedVersions {
  const known = new Set(later.versions.map(({ meta }) => meta?.versionId));
  const others = earlier.versions.filter(({ meta }) => meta?.versionId === undefined || !known.has(meta.versionId));
  return { versions: [...later.versions, ...others], isOrdered: later.isOrdered && earlier.isOrdered };
}

/**
 * The versions that a create has replaced: those before it, back to the first that was merged from what was before
 * itself. Every create says anew when it was `issued`; a change by hand mostly keeps that.
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
): ReplacedVersions | undefined {
  const at = versionId === undefined ? 0 : history.findIndex((entry) => entry.versionId === versionId);
  const entry = history[at];
  if (entry?.resource === undefined) return undefined;
  const { resource: created } = entry;
  const isTied = (other: HistoryEntry<Observation>): boolean => other !== entry && isSameInstant(other, entry);
  const tied = history
    .filter(isTied)
    .flatMap(({ resource }) => (resource !== undefined && (isCertain || isAnew(resource, created)) ? [resource] : []));
  // A merged version among them has all that was before it.
  if (!tied.every(isCreate)) return { versions: tied, isOrdered: tied.length === 1 };
  const older = history.slice(at + 1).filter((other) => !isTied(other));
  const before = olderReplaced(older, tied.at(-1) ?? created, isCertain && tied.length === 0);
  const versions = [...tied, ...before];
  return { versions, isOrdered: tied.length === 0 || versions.length === 1 };
}

/** @param isCertain that the newest of them was replaced */
function olderReplaced(
  older: readonly HistoryEntry<Observation>[],
  created: Observation,
  isCertain: boolean,
): Observation[] {
  const replaced: Observation[] = [];
  let newer = created;
  for (const { resource } of older) {
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

/** What a create writes, besides its values; and what servers add. */
const CREATED_MEMBERS = new Set([
  ...['resourceType', 'id', 'identifier', 'status', 'category', 'code', 'subject', 'encounter', 'effectivePeriod'],
  ...['issued', 'device', 'component', 'meta', 'text'],
]);

/**
 * Only what was created and never merged is `final`. What says more than a create of ours was changed by hand, even if it
 * is `final` and was issued anew.
 */
export function isCreate(observation: Observation): boolean {
  const { status, component = [] } = observation;
  const isOurs = Object.keys(observation).every((name) => CREATED_MEMBERS.has(name) || isValue(name));
  return status === 'final' && isOurs && component.every(isCreatedComponent);
}

function isCreatedComponent(component: ObservationComponent): boolean {
  const isOurs = Object.keys(component).every((name) => name === 'code' || name === 'id' || isValue(name));
  return isOurs && valueNamesOf(component).length > 0;
}

function isValue(name: string): boolean {
  return /^_?value[A-Z]/.test(name);
}

function isAnew(a: Observation, b: Observation): boolean {
  return a.issued !== b.issued;
}

function isSameInstant(a: HistoryEntry<Resource>, b: HistoryEntry<Resource>): boolean {
  const [first, second] = [a, b].map(({ lastUpdated }) => parseFhirDateTime(lastUpdated)?.ticks);
  return first !== undefined && first === second;
}

import type { Coding, Extension, Meta, Observation } from 'fhir/r4.js';
import { losslessCopy } from '../../../core/lossless-copy.ts';
import type { ValueHolder } from '../../../core/stored-observation.ts';
import type { ComponentConstants, ObservationConstants } from './constants.ts';

/**
 * Adds the constants that a stored Observation or component does not have. What is there stays as it is: somebody may
 * have corrected it. Of extensions those are added whose url is not there. `meta` is not looked at.
 *
 * @returns whether anything was added
 */
export function addConstants(holder: ValueHolder, constants: ObservationConstants | ComponentConstants): boolean {
  const members = holder as unknown as Readonly<Record<string, unknown>>;
  const added = Object.entries(constants).flatMap(([name, constant]): [string, unknown][] => {
    if (name === 'meta') return [];
    const stored = members[name];
    const next =
      name === 'extension' ? completed(stored, constant as Extension[], isSameUrl) : orCopy(stored, constant);
    return next === stored ? [] : [[name, next]];
  });
  Object.assign(holder, Object.fromEntries(added));
  return added.length > 0;
}

/** The meta to write: what is stored, with the profiles and tags that it lacks. Never a reason to write: some servers keep none. */
export function metaWith(stored: Observation, { meta }: ObservationConstants): Pick<Observation, 'meta'> {
  if (meta === undefined) return {};
  const written = {
    ...(meta.profile && { profile: completed(stored.meta?.profile, meta.profile, (a, b) => a === b) }),
    ...(meta.tag && { tag: completed(stored.meta?.tag, meta.tag, isSameTag) }),
  };
  return { meta: { ...stored.meta, ...(written as Meta) } };
}

/** A list with what it lacks; the stored one itself when it lacks nothing, or is no list. */
function completed<Item>(stored: unknown, constants: readonly Item[], isSame: (a: Item, b: Item) => boolean): unknown {
  if (isAbsent(stored)) return losslessCopy([...constants]);
  if (!Array.isArray(stored)) return stored;
  const held = stored as Item[];
  const lacking = constants.filter((constant) => !held.some((item) => isSame(item, constant)));
  return lacking.length === 0 ? stored : [...held, ...losslessCopy(lacking)];
}

function orCopy(stored: unknown, constant: unknown): unknown {
  return isAbsent(stored) ? losslessCopy(constant) : stored;
}

function isAbsent(stored: unknown): boolean {
  return stored === undefined || stored === null || (Array.isArray(stored) && stored.length === 0);
}

/** A server may answer null in a list. */
function isSameUrl(a: Extension | null, b: Extension | null): boolean {
  return a?.url === b?.url;
}

function isSameTag(a: Coding | null, b: Coding | null): boolean {
  return a?.system === b?.system && a?.code === b?.code;
}

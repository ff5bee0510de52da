import { isMisspelt, lettersOf } from '../spelling.ts';
import { SHOWN_COUNT } from './explained-expression.ts';
import type { ExplainedStep, NearPath } from './explained-expression.ts';
import type { Located } from './json-path-located.ts';
import { childrenOf, selfAndBelow } from './json-path-located.ts';
import type { Run } from './run.ts';
import type { ValueKeys } from './value-keys.ts';

/** What an explanation has found out so far. */
export interface Trail {
  readonly steps: ExplainedStep[];
  /** Of the first step that found nothing. */
  missing?: Missing | undefined;
}

/** What was looked for in vain, and where. */
export interface Missing {
  /** None where it was no member that was missing. */
  readonly names: readonly string[];
  readonly places: readonly Located[];
}

const RANKS: Readonly<Record<NearPath['kind'], number>> = { case: 0, spelling: 1, elsewhere: 2, there: 3 };

/** Paths that exist: near misses of the names, the names elsewhere, then whatever else is in the places. */
export function nearestPaths(
  { names, places }: Missing,
  run: Run,
  pathOf: (keys: ValueKeys) => string,
): readonly NearPath[] {
  const inPlace = places
    .flatMap((place) => childrenOf(place, run))
    .map(({ keys, value }): Near => ({ keys, value, kind: kindOf(names, keys) }));
  const elsewhere = selfAndBelow({ value: run.root, keys: [] }, run)
    .filter(({ keys }) => isNamedAlike(names, keys))
    .map(({ keys, value }): Near => ({ keys, value, kind: 'elsewhere' }));
  const searched = new Set(places.map(({ value }) => value));
  const ranked = [...inPlace, ...elsewhere]
    // After `..`, what a place holds is a place itself: its own members say more.
    .filter(({ kind, value }) => kind !== 'there' || typeof value !== 'object' || !searched.has(value))
    .toSorted((a, b) => RANKS[a.kind] - RANKS[b.kind]);
  // Of the elements of a list the first stands for all.
  const firstOfShape = new Map(ranked.toReversed().map((near) => [shapeOf(near.keys), near]));
  return ranked
    .filter((near) => firstOfShape.get(shapeOf(near.keys)) === near)
    .slice(0, SHOWN_COUNT)
    .map(({ keys, kind }) => ({ path: pathOf(keys), kind }));
}

interface Near extends Located {
  readonly kind: NearPath['kind'];
}

function shapeOf(keys: ValueKeys): string {
  return JSON.stringify(keys.map((key) => (typeof key === 'number' ? 0 : key)));
}

function kindOf(names: readonly string[], keys: ValueKeys): NearPath['kind'] {
  if (isNamedAlike(names, keys)) return 'case';
  return names.some((name) => isSpelledAlike(name, nameOf(keys))) ? 'spelling' : 'there';
}

function isNamedAlike(names: readonly string[], keys: ValueKeys): boolean {
  return names.some((name) => name.toLowerCase() === nameOf(keys).toLowerCase());
}

function nameOf(keys: ValueKeys): string {
  const last = keys.at(-1);
  return typeof last === 'string' ? last : '';
}

/** Misspelt, or with a part added. */
function isSpelledAlike(wanted: string, name: string): boolean {
  if (isMisspelt(wanted, name)) return true;
  const [a, b] = [lettersOf(wanted), lettersOf(name)];
  return Math.min(a.length, b.length) >= 3 && (a.includes(b) || b.includes(a));
}

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

/** Equal but for marks between words, for an added part, or for a letter in four. */
function isSpelledAlike(wanted: string, name: string): boolean {
  const [a, b] = [lettersOf(wanted), lettersOf(name)];
  if (a === b) return a !== '';
  const shorter = Math.min(a.length, b.length);
  if (shorter < 3) return false;
  if (a.includes(b) || b.includes(a)) return true;
  const allowed = Math.max(1, Math.floor(shorter / 4));
  return Math.abs(a.length - b.length) <= allowed && distance(a, b) <= allowed;
}

function lettersOf(name: string): string {
  // Names are short; one that is not would cost its length squared.
  return name
    .slice(0, 100)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** Letters to put in, leave out or replace, that one text becomes the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let index = 0; index < a.length; index += 1) {
    const next = [index + 1];
    for (let at = 0; at < b.length; at += 1) {
      const replaced = (row[at] ?? 0) + (a[index] === b[at] ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

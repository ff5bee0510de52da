import { describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import type { HistoryEntry } from '../../../activities/fhir-client.ts';
import { replacedVersions, versionBefore } from '../../../activities/replaced-versions.ts';
import { lineageOf } from '../../../templates/fhir-mapping/observation-lineage.ts';
import { instant } from '../../support/fhir-mapping.ts';

const LINEAGE = lineageOf({ constants: {}, components: [] });
const base: Observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' } };
const issued = (second: number): string => instant(second);
const created = (id: string, more: Partial<Observation> = {}): Observation => ({
  ...base,
  id,
  issued: issued(id.charCodeAt(0)),
  ...more,
});
/** The version of that name; those of one `second` are of one instant. */
const entry = (resource: Observation | undefined, versionId: string, second: number): HistoryEntry<Observation> => ({
  resource,
  versionId,
  lastUpdated: instant(second),
});
const merged = (id: string): Observation => created(id, { status: 'amended' });
const names = (history: HistoryEntry<Observation>[], isCertain: boolean): unknown => {
  const replaced = replacedVersions(LINEAGE, history, 'v', isCertain);
  return replaced && [replaced.versions.map(({ id }) => id).join(''), replaced.isOrdered];
};

describe('what a create has replaced', () => {
  const v = entry(created('v'), 'v', 9);
  test.each<{ name: string; history: HistoryEntry<Observation>[]; certain: unknown; guessed: unknown }>([
    { name: 'nothing, being the first', history: [v], certain: ['', true], guessed: ['', true] },
    {
      name: 'the create before it',
      history: [v, entry(created('a'), '1', 1)],
      certain: ['a', true],
      guessed: ['a', true],
    },
    {
      name: 'creates back to the first, and not what came later',
      history: [entry(merged('z'), '9', 10), v, entry(created('b'), '2', 2), entry(created('a'), '1', 1)],
      certain: ['ba', true],
      guessed: ['ba', true],
    },
    {
      name: 'a merged version, and nothing before it',
      history: [v, entry(merged('b'), '2', 2), entry(created('a'), '1', 1)],
      certain: ['b', true],
      guessed: ['b', true],
    },
    {
      name: 'what was issued at the same time only if that is certain',
      history: [v, entry(created('a', { issued: issued('v'.charCodeAt(0)) }), '1', 1)],
      certain: ['a', true],
      guessed: ['', true],
    },
    {
      name: 'nothing that was deleted before',
      history: [v, entry(undefined, '2', 2), entry(created('a'), '1', 1)],
      certain: ['', true],
      guessed: ['', true],
    },
    {
      name: 'one of its own instant, wherever it stands',
      history: [entry(created('a'), '1', 9), v],
      certain: ['a', true],
      guessed: ['a', true],
    },
    {
      name: 'several of its own instant, of which none is known to be the first',
      history: [entry(created('b'), '2', 9), v, entry(created('a'), '1', 9)],
      certain: ['ba', false],
      guessed: ['ba', false],
    },
    {
      name: 'a merged one of its own instant, beside a create',
      history: [entry(merged('b'), '2', 9), v, entry(created('a'), '1', 9), entry(created('c'), '0', 1)],
      certain: ['ba', false],
      guessed: ['ba', false],
    },
    {
      name: 'one of its own instant, and what that one had replaced',
      history: [v, entry(created('b'), '2', 9), entry(created('a'), '1', 1)],
      certain: ['ba', false],
      guessed: ['ba', false],
    },
    {
      name: 'of its own instant what was issued with it only if that is certain',
      history: [v, entry(created('a', { issued: issued('v'.charCodeAt(0)) }), '1', 9)],
      certain: ['a', true],
      guessed: ['', true],
    },
  ])('is $name', ({ history, certain, guessed }) => {
    expect(names(history, true)).toEqual(certain);
    expect(names(history, false)).toEqual(guessed);
  });

  test('is unknown where its version is not shown', () => {
    expect(replacedVersions(LINEAGE, [entry(created('a'), '1', 1)], 'v', true)).toBeUndefined();
    expect(replacedVersions(LINEAGE, [], undefined, true)).toBeUndefined();
    expect(replacedVersions(LINEAGE, [v, entry(created('a'), '1', 1)], undefined, true)?.versions).toHaveLength(1);
  });
});

test('what stood before a version may be of its instant, or deleted', () => {
  const v = entry(created('v'), 'v', 9);
  const a = entry(created('a'), '1', 1);
  expect(versionBefore([v, a], 'v')).toBe(a.resource);
  expect(versionBefore([entry(created('b'), '2', 9), v, a], 'v')?.id).toBe('b');
  expect(versionBefore([v, entry(undefined, '2', 2), a], 'v')).toBeUndefined();
  expect(versionBefore([a], 'v')).toBeUndefined();
});

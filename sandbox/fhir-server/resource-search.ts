import {
  badRequest,
  DEFAULT_MAX_SEARCH_COUNT,
  DEFAULT_SEARCH_COUNT,
  getSearchParameters,
  matchesSearchRequest,
  OperationOutcomeError,
} from '@medplum/core';
import type { SearchRequest, SortRule } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import type { FhirTraits } from './behaviours.ts';
import { evaluate } from './index-entries.ts';
import type { ResourceStore } from './resource-store.ts';
import type { SearchCondition, Sql } from './search-condition.ts';
import { searchPlan } from './search-plan.ts';
import type { SearchPlan } from './search-plan.ts';

/** One page of a search. */
export interface SearchPage {
  /** The resources' texts, in order. */
  texts: string[];
  /** All matches, not just this page's; undefined when it was not asked for. */
  total: number | undefined;
  offset: number;
  count: number;
}

/** Up to so many candidates are sorted; with more of them it is cheaper to walk all resources in the order wanted. */
const FEW_CANDIDATES = 1000;
const LIVE = 'r.type = ? AND r.deleted = 0';
const TEXT_OF_R = 'CROSS JOIN version v ON v.key = r.key AND v.versionId = r.versionId';

/**
 * Runs a search. By `_id`, the indexed parameters, `date` of what has one, and `_lastUpdated`, and sorted by the last
 * two, SQLite answers from indexes alone; any other filter or sort looks at each remaining resource with Medplum's
 * matching, one at a time, so that memory holds a page and, when sorting, a key and sort value per match.
 *
 * @throws OperationOutcomeError 400 for what cannot be searched or sorted by
 */
export function searchResources(
  store: ResourceStore,
  traits: FhirTraits,
  request: SearchRequest,
  wantsTotal: boolean,
): SearchPage {
  const plan = searchPlan(request, traits);
  const usualCount = traits.pages === 'linked' ? DEFAULT_SEARCH_COUNT : DEFAULT_MAX_SEARCH_COUNT;
  const count = Math.min(wholeNumber('_count', request.count, usualCount), DEFAULT_MAX_SEARCH_COUNT);
  const page = { offset: wholeNumber('_offset', request.offset, 0), count };
  if (plan.scanned.length > 0 || plan.sortedHere.length > 0) return scan(store, plan, page, wantsTotal);
  const total = wantsTotal ? countMatches(store, plan) : undefined;
  if (count === 0) return { texts: [], total, ...page };
  const { text, values } = select('v.text', TEXT_OF_R, plan, startingPoint(store, plan, FEW_CANDIDATES));
  const rows = store.rows(`${text} ORDER BY ${plan.orderBy} LIMIT ? OFFSET ?`, ...values, count, page.offset);
  return { texts: [...rows].map((row) => String(row['text'])), total, ...page };
}

/** The condition that leaves the fewest candidates, if it leaves at most `limit`. */
function startingPoint(store: ResourceStore, plan: SearchPlan, limit: number): SearchCondition | undefined {
  let best: { condition: SearchCondition; count: number } | undefined;
  for (const condition of plan.conditions) {
    if (!condition.keys) continue;
    const { text, values } = condition.keys;
    const sql = `SELECT COUNT(*) AS count FROM (${text} LIMIT ?)`;
    const count = Number(store.first(sql, ...values, (best?.count ?? limit) + 1)?.['count']);
    if (count <= (best?.count ?? limit)) best = { condition, count };
  }
  return best?.condition;
}

/** `CROSS JOIN` fixes the order: SQLite starts from the keys, rather than guessing without statistics. */
function select(what: string, join: string, plan: SearchPlan, start: SearchCondition | undefined): Sql {
  const others = plan.conditions.filter((condition) => condition !== start);
  const where = [LIVE, ...others.map((condition) => `(${condition.text})`)].join(' AND ');
  const from = start?.keys ? `(${start.keys.text}) k CROSS JOIN resource r ON r.key = k.key` : 'resource r';
  return {
    text: `SELECT ${what} FROM ${from} ${join} WHERE ${where}`,
    values: [...(start?.keys?.values ?? []), plan.type, ...others.flatMap((condition) => condition.values)],
  };
}

function countMatches(store: ResourceStore, plan: SearchPlan): number {
  const [only, ...others] = plan.conditions;
  // A deleted resource has no tokens: the index alone knows how many there are.
  const { text, values } =
    only?.keys && others.length === 0
      ? { text: `SELECT COUNT(*) AS count FROM (${only.keys.text})`, values: only.keys.values }
      : select('COUNT(*) AS count', '', plan, startingPoint(store, plan, Number.MAX_SAFE_INTEGER - 1));
  return Number(store.first(text, ...values)?.['count']);
}

function scan(
  store: ResourceStore,
  plan: SearchPlan,
  page: { offset: number; count: number },
  wantsTotal: boolean,
): SearchPage {
  const { text, values } = select('r.key, v.text', TEXT_OF_R, plan, startingPoint(store, plan, FEW_CANDIDATES));
  const request = { resourceType: plan.type, filters: plan.scanned } as SearchRequest;
  const end = page.offset + page.count;
  const matches: Match[] = [];
  for (const row of store.rows(`${text} ORDER BY ${plan.orderBy}`, ...values)) {
    const resource = JSON.parse(String(row['text'])) as Resource;
    if (!matchesSearchRequest(resource, request)) continue;
    matches.push({ key: Number(row['key']), sortValues: plan.sortedHere.map((rule) => sortValue(resource, rule)) });
    if (!wantsTotal && plan.sortedHere.length === 0 && matches.length >= end) break;
  }
  if (plan.sortedHere.length > 0) matches.sort((a, b) => compare(a, b, plan.sortedHere));
  const texts = matches.slice(page.offset, end).map(({ key }) => textOf(store, key));
  return { texts, total: wantsTotal ? matches.length : undefined, ...page };
}

interface Match {
  key: number;
  sortValues: string[];
}

function sortValue(resource: Resource, rule: SortRule): string {
  const parameter = getSearchParameters(resource.resourceType)?.[rule.code];
  return parameter ? JSON.stringify(evaluate(parameter, resource).map(({ value }) => value as unknown)) : '';
}

function compare(a: Match, b: Match, rules: readonly SortRule[]): number {
  for (const [index, { descending }] of rules.entries()) {
    const [left = '', right = ''] = [a.sortValues[index], b.sortValues[index]];
    if (left !== right) return left < right === !descending ? -1 : 1;
  }
  return a.key - b.key;
}

function textOf(store: ResourceStore, key: number): string {
  return String(store.first(`SELECT v.text FROM resource r ${TEXT_OF_R} WHERE r.key = ?`, key)?.['text']);
}

function wholeNumber(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (Number.isInteger(value) && value >= 0) return value;
  throw new OperationOutcomeError(badRequest(`Expected a whole number as the value of ${name}`));
}

import { badRequest, getSearchParameters, OperationOutcomeError } from '@medplum/core';
import type { Filter, SearchRequest, SortRule } from '@medplum/core';
import type { FhirTraits } from './behaviours.ts';
import { isIndexedByDate } from './index-entries.ts';
import { searchCondition } from './search-condition.ts';
import type { SearchCondition } from './search-condition.ts';

/** A search taken apart: what the index answers, what each resource has to be looked at for, and the order. */
export interface SearchPlan {
  type: string;
  conditions: SearchCondition[];
  scanned: Filter[];
  orderBy: string;
  /** What the index cannot sort by. */
  sortedHere: SortRule[];
}

/**
 * Plans a search.
 *
 * @throws OperationOutcomeError 400 for what cannot be searched or sorted by
 */
export function searchPlan(request: SearchRequest, traits: FhirTraits): SearchPlan {
  const { resourceType: type, filters = [], sortRules = [] } = request;
  const conditions: SearchCondition[] = [];
  const scanned: Filter[] = [];
  for (const filter of filters) {
    const condition = searchCondition(type, filter, traits);
    if (condition) conditions.push(condition);
    else scanned.push(filter);
  }
  const columns = sortRules.map((rule) => sortColumn(type, rule));
  const isIndexed = columns.every((column) => column !== undefined);
  const descending = sortRules.at(-1)?.descending;
  const orderBy = isIndexed ? [...columns, `r.key${descending ? ' DESC' : ''}`].join(', ') : 'r.key';
  return { type, conditions, scanned, orderBy, sortedHere: isIndexed ? [] : sortRules };
}

function sortColumn(type: string, rule: SortRule): string | undefined {
  if (!getSearchParameters(type)?.[rule.code]) {
    throw new OperationOutcomeError(badRequest(`Unknown sort parameter ${rule.code} for ${type}`));
  }
  const direction = rule.descending ? ' DESC' : '';
  if (rule.code === '_id') return `r.id${direction}`;
  if (rule.code === '_lastUpdated') return `r.updatedAt${direction}`;
  return isIndexedByDate(type, rule.code) ? `r.startAt${direction}, r.endAt${direction}` : undefined;
}

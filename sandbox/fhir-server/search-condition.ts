import { badRequest, getSearchParameters, OperationOutcomeError, splitSearchOnComma } from '@medplum/core';
import type { Filter } from '@medplum/core';
import type { SearchParameter } from '@medplum/fhirtypes';
import type { FhirTraits } from './behaviours.ts';
import { dateRange } from './date-range.ts';
import type { DateRange } from './date-range.ts';
import { isIndexedByDate, isIndexedByToken } from './index-entries.ts';

type SqlValue = string | number;

/** A piece of SQL with its values. */
export interface Sql {
  text: string;
  values: readonly SqlValue[];
}

/** One filter of a search, in terms of a `resource` row `r`. */
export interface SearchCondition extends Sql {
  /** Selects the keys of just the matching resources from the token index: a search can start there. */
  keys?: Sql;
}

/**
 * What the index can answer of a search.
 *
 * @returns undefined when it cannot, and the resource itself has to be looked at
 * @throws OperationOutcomeError 400 for a parameter or modifier that is not known
 */
export function searchCondition(resourceType: string, filter: Filter, traits: FhirTraits): SearchCondition | undefined {
  const parameter = getSearchParameters(resourceType)?.[filter.code];
  if (!parameter) {
    if (traits.unknownSearchParameter === 'finds-nothing') return { text: 'FALSE', values: [] };
    throw new OperationOutcomeError(badRequest(`Unknown search parameter ${filter.code} for ${resourceType}`));
  }
  if (filter.code === '_id' && filter.operator === 'eq') return isOneOf('r.id', splitSearchOnComma(filter.value));
  if (filter.code === '_lastUpdated') return updatedCondition(filter);
  if (isIndexedByDate(resourceType, filter.code)) return dateCondition(filter);
  if (!isIndexedByToken(parameter)) return undefined;
  const isAnyCase = filter.code === 'identifier' && traits.identifierCase === 'ignored';
  return indexCondition({ name: `${resourceType}.${filter.code}`, parameter, filter, isAnyCase });
}

function isOneOf(column: string, choices: readonly SqlValue[]): Sql {
  return { text: `${column} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(choices)] };
}

interface IndexSearch {
  /** Of the index rows: type and code. */
  name: string;
  parameter: SearchParameter;
  filter: Filter;
  isAnyCase: boolean;
}

function indexCondition(search: IndexSearch): SearchCondition {
  const { name, filter } = search;
  if (filter.operator === 'eq') return byToken(search);
  if (filter.operator === 'ne' || filter.operator === 'not') return negated(byToken(search));
  if (filter.operator !== 'missing') throw unsupported(filter);
  const present = { text: 'r.key IN (SELECT key FROM token WHERE parameter = ?)', values: [name] };
  return filter.value === 'true' ? negated(present) : present;
}

function byToken({ name, parameter, filter, isAnyCase }: IndexSearch): SearchCondition {
  const isValue = isAnyCase ? 'value = ? COLLATE NOCASE' : 'value = ?';
  const choices = splitSearchOnComma(filter.value).map((value) =>
    parameter.type === 'reference' ? referenceChoice(parameter, value) : tokenChoice(value, isValue),
  );
  const matches = `parameter = ? AND (${choices.map((choice) => choice.text).join(' OR ')})`;
  const values = [name, ...choices.flatMap((choice) => choice.values)];
  const keys = { text: `SELECT DISTINCT key FROM token WHERE ${matches}`, values };
  // The index is ordered by value: looking a resource up in it takes a value, else all are collected once.
  const canLookUp = choices.every((choice) => choice.text !== OF_SYSTEM);
  const text = canLookUp ? `EXISTS (SELECT 1 FROM token WHERE key = r.key AND ${matches})` : `r.key IN (${keys.text})`;
  return { text, values, keys };
}

const OF_SYSTEM = 'system = ?';

/**
 * `value` matches in any system, `|value` without one, `system|value` in that one, `system|` anything of it; the system
 * as written, case included.
 */
function tokenChoice(text: string, isValue: string): Sql {
  const bar = text.indexOf('|');
  if (bar < 0) return { text: isValue, values: [text] };
  const [system, value] = [text.slice(0, bar), text.slice(bar + 1)];
  if (value === '') return { text: OF_SYSTEM, values: [system] };
  return { text: `(${isValue} AND ${OF_SYSTEM})`, values: [value, system] };
}

/** A bare id may be of any type that the parameter refers to. */
function referenceChoice(parameter: SearchParameter, text: string): Sql {
  return isOneOf('value', text.includes('/') ? [text] : (parameter.target ?? []).map((type) => `${type}/${text}`));
}

function updatedCondition(filter: Filter): Sql {
  const { startAt, endAt } = searchedRange(filter);
  const toMs = (text: string): number => Date.parse(`${text.slice(0, 23)}Z`);
  return rangeCondition(filter, ['r.updatedAt', 'r.updatedAt'], [toMs(startAt), toMs(endAt)]);
}

function dateCondition(filter: Filter): Sql {
  if (filter.operator === 'missing') {
    return { text: filter.value === 'true' ? 'r.startAt IS NULL' : 'r.startAt IS NOT NULL', values: [] };
  }
  const { startAt, endAt } = searchedRange(filter);
  return rangeCondition(filter, ['r.startAt', 'r.endAt'], [startAt, endAt]);
}

function searchedRange(filter: Filter): DateRange {
  const range = dateRange(filter.value);
  if (!range) throw new OperationOutcomeError(badRequest(`Expected a date as the value of ${filter.code}`));
  return range;
}

type Comparison = (start: string, end: string, from: SqlValue, to: SqlValue) => Sql;

/**
 * How a stored range compares with the one searched for; for `ge` and `le` a stored range that overlaps is enough.
 *
 * @see https://hl7.org/fhir/R4/search.html#prefix
 */
const COMPARISONS: Partial<Record<Filter['operator'], Comparison>> = {
  eq: (start, end, from, to) => ({ text: `${start} >= ? AND ${end} <= ?`, values: [from, to] }),
  ne: (start, end, from, to) => ({ text: `NOT (${start} >= ? AND ${end} <= ?)`, values: [from, to] }),
  ap: (start, end, from, to) => ({ text: `${start} <= ? AND ${end} >= ?`, values: [to, from] }),
  gt: (_start, end, _from, to) => ({ text: `${end} > ?`, values: [to] }),
  lt: (start, _end, from) => ({ text: `${start} < ?`, values: [from] }),
  ge: (_start, end, from) => ({ text: `${end} >= ?`, values: [from] }),
  le: (start, _end, _from, to) => ({ text: `${start} <= ?`, values: [to] }),
  sa: (start, _end, _from, to) => ({ text: `${start} > ?`, values: [to] }),
  eb: (_start, end, from) => ({ text: `${end} < ?`, values: [from] }),
};

function rangeCondition(filter: Filter, [start, end]: [string, string], [from, to]: [SqlValue, SqlValue]): Sql {
  const compare = COMPARISONS[filter.operator];
  if (!compare) throw unsupported(filter);
  return compare(start, end, from, to);
}

function negated({ text, values }: Sql): Sql {
  return { text: `NOT (${text})`, values };
}

function unsupported(filter: Filter): OperationOutcomeError {
  return new OperationOutcomeError(
    badRequest(`Modifier or prefix ${filter.operator} is not supported for ${filter.code}`),
  );
}

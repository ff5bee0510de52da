import { evalFhirPathTyped, getSearchParameters, LRUCache, toTypedValue } from '@medplum/core';
import type { FhirPathAtom, TypedValue } from '@medplum/core';
import type {
  CodeableConcept,
  Coding,
  Identifier,
  Period,
  Reference,
  Resource,
  SearchParameter,
  Timing,
} from '@medplum/fhirtypes';
import { dateRange, periodRange } from './date-range.ts';
import type { DateRange } from './date-range.ts';

/** The parameters searches by token or reference are served from an index for, on every type that has them. */
const INDEXED_CODES = new Set(['identifier', 'code', 'status', 'device', 'subject', 'patient', 'encounter']);
/** Types whose `date` is one value, kept beside the resource for ranges and sorting. */
const DATED_TYPES = new Set(['Observation', 'Encounter']);

/** One row of the token index: a token's system and value, or an empty system and a reference. */
export type IndexRow = readonly [parameter: string, value: string, system: string];

export interface IndexEntries {
  rows: IndexRow[];
  date: DateRange | undefined;
}

const expressions = new LRUCache<FhirPathAtom>(1000);

export function isIndexedByToken(parameter: SearchParameter): boolean {
  return INDEXED_CODES.has(parameter.code) && (parameter.type === 'token' || parameter.type === 'reference');
}

export function isIndexedByDate(resourceType: string, code: string): boolean {
  return code === 'date' && DATED_TYPES.has(resourceType);
}

/** What the index holds for a resource; the expressions are those of its search parameters. */
export function indexEntries(resource: Resource): IndexEntries {
  const { resourceType } = resource;
  const parameters = getSearchParameters(resourceType) ?? {};
  const rows = Object.values(parameters)
    .filter(isIndexedByToken)
    .flatMap((parameter) =>
      evaluate(parameter, resource)
        .flatMap(({ value }) => tokensOf(value as TokenSource))
        .map(([system, value]): IndexRow => [`${resourceType}.${parameter.code}`, value, system]),
    );
  const date = isIndexedByDate(resourceType, 'date') ? parameters['date'] : undefined;
  return {
    rows: unique(rows),
    date: date && rangeOf(evaluate(date, resource)[0]?.value as Period | Timing | string | undefined),
  };
}

/** The values a search parameter finds in a resource. */
export function evaluate(parameter: SearchParameter, resource: Resource): TypedValue[] {
  return evalFhirPathTyped(parameter.expression ?? '', [toTypedValue(resource)], undefined, expressions);
}

type TokenSource = string | boolean | CodeableConcept | Coding | Identifier | Reference | undefined;

function tokensOf(value: TokenSource): [system: string, value: string][] {
  if (value === undefined) return [];
  if (typeof value !== 'object') return [['', String(value)]];
  if ('coding' in value) return (value.coding ?? []).flatMap(tokensOf);
  if ('reference' in value) return value.reference ? [['', value.reference.replace(/\/_history\/.*$/, '')]] : [];
  if ('code' in value && value.code) return [[value.system ?? '', value.code]];
  if ('value' in value && value.value) return [[value.system ?? '', value.value]];
  return [];
}

function rangeOf(value: Period | Timing | string | undefined): DateRange | undefined {
  if (typeof value === 'string') return dateRange(value);
  return value && ('start' in value || 'end' in value) ? periodRange(value) : undefined;
}

function unique(rows: IndexRow[]): IndexRow[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
}

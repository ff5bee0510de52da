import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadDefinitions } from '../../../sandbox/fhir-server/definitions.ts';
import { narrowExpression } from '../../../sandbox/fhir-server/narrow-expression.ts';
import { checkedCriteria, checkedQuery } from '../../../sandbox/fhir-server/search-query.ts';

test.each([
  { expression: 'Account.identifier | Observation.identifier | Device.identifier', narrowed: 'Observation.identifier' },
  { expression: 'Observation.effective', narrowed: 'Observation.effective' },
  {
    expression: 'A.x | (Observation.value as Quantity) | (Observation.value as SampledData)',
    narrowed: '(Observation.value as Quantity) | (Observation.value as SampledData)',
  },
  { expression: 'Resource.id', narrowed: 'Resource.id' },
  { expression: '(Observation.a | Device.b)', narrowed: '(Observation.a | Device.b)' },
  { expression: 'ObservationDefinition.code | Observation.code', narrowed: 'Observation.code' },
])('$expression is for an Observation $narrowed', ({ expression, narrowed }) => {
  expect(narrowExpression(expression, 'Observation')).toBe(narrowed);
});

test.each([
  { header: 'identifier=a|b', criteria: 'identifier=a|b' },
  { header: '?identifier=a|b', criteria: 'identifier=a|b' },
  { header: 'Observation?identifier=a|b', criteria: 'identifier=a|b' },
  { header: 'identifier=http://x/?y|b', criteria: 'identifier=http://x/%3Fy|b' },
])('If-None-Exist: $header', ({ header, criteria }) => {
  expect(checkedCriteria(header, 'Observation')).toBe(criteria);
});

describe('a query', () => {
  beforeAll(loadDefinitions);

  test.each([
    { query: { 'subject:Patient': 'p1' }, checked: { subject: 'Patient/p1' } },
    { query: { 'subject:Patient': 'p1,Patient/p2' }, checked: { subject: 'Patient/p1,Patient/p2' } },
    { query: { 'subject:Patient': ['p1', 'p2'] }, checked: { subject: ['Patient/p1', 'Patient/p2'] } },
    {
      query: { 'code:not': 'x', date: ['ge2026', 'lt2027'] },
      checked: { 'code:not': 'x', date: ['ge2026', 'lt2027'] },
    },
  ])('$query is understood as $checked', ({ query, checked }) => {
    expect(checkedQuery('Observation', query)).toEqual(checked);
  });

  test.each(['code:in', 'subject:Observation', 'subject:Patient.name', 'bogus:x'])('with %s is refused', (key) => {
    expect(() => checkedQuery('Observation', { [key]: 'x' })).toThrow(/not supported/);
  });
});

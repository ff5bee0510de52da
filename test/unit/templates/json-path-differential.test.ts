import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { JSONPath } from 'jsonpath-plus';
import type { JsonValue } from '../../../core/device-message.ts';
import { Budget } from '../../../templates/expression/budget.ts';
import { compileExpression } from '../../../templates/expression/expression.ts';
import { Run } from '../../../templates/expression/run.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd-e');

const document = fc.letrec<{ value: JsonValue; object: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    // No text but the empty one: jsonpath-plus takes texts for arrays of characters.
    fc.constantFrom<JsonValue>(null, true, 0, 1.5, ''),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).object;

const start = fc.option(fc.integer({ min: -4, max: 4 }), { nil: '' });
// jsonpath-plus takes an end of 0 for none.
const end = start.filter((bound) => bound !== 0);

const step = fc.oneof(
  name.map((one) => `.${one}`),
  name.map((one) => `['${one}']`),
  fc.nat(3).map((index) => `[${index}]`),
  fc.tuple(start, end, fc.constantFrom('', ':1', ':2')).map(([from, to, stride]) => `[${from}:${to}${stride}]`),
);
const plainPath = fc.array(step, { maxLength: 4 }).map((steps) => `$${steps.join('')}`);

function ours(path: string, json: JsonValue): string[] {
  const matches = compileExpression(path, 'JsonPath').matches(new Run(json, new Budget()));
  return matches.map((match) => JSON.stringify(match));
}

function theirs(path: string, json: JsonValue): string[] {
  const found: unknown = JSONPath({ path, json: json as object, eval: false, wrap: true });
  return (found as unknown[]).map((value) => JSON.stringify(value));
}

test('names, indexes and slices select the same, in the same order, as jsonpath-plus', () => {
  fc.assert(
    fc.property(plainPath, document, (path, json) => {
      expect(ours(path, json)).toEqual(theirs(path, json));
    }),
    { numRuns: 1000 },
  );
});

test('recursive names select the same as jsonpath-plus, which has another order', () => {
  fc.assert(
    fc.property(plainPath, name, plainPath, document, (before, one, after, json) => {
      const path = `${before}..${one}${after.slice(1)}`;
      expect(ours(path, json).toSorted()).toEqual(theirs(path, json).toSorted());
    }),
    { numRuns: 1000 },
  );
});

test('a wildcard of jsonpath-plus is our .* for objects and our [*] for arrays', () => {
  fc.assert(
    fc.property(plainPath, plainPath, document, (before, after, json) => {
      const both = [`${before}.*${after.slice(1)}`, `${before}[*]${after.slice(1)}`].flatMap((path) =>
        ours(path, json),
      );
      expect(both.toSorted()).toEqual(theirs(`${before}[*]${after.slice(1)}`, json).toSorted());
    }),
    { numRuns: 1000 },
  );
});

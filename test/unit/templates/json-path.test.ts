import { describe, expect, test } from '@jest/globals';
import type { JsonValue } from '../../../core/device-message.ts';
import { Budget } from '../../../templates/expression/budget.ts';
import { compileExpression } from '../../../templates/expression/expression.ts';
import { ExpressionSyntaxError } from '../../../templates/expression/expression-syntax-error.ts';
import { Run } from '../../../templates/expression/run.ts';

function select(path: string, document: JsonValue): JsonValue[] {
  return [...compileExpression(path, 'JsonPath').matches(new Run(document, new Budget()))];
}

const room = {
  name: 'cellar',
  'two words': 1,
  'a-b': 2,
  shelves: [
    { id: 1, load: 10, tag: 'left' },
    { id: 2, load: 25.5, tag: 'Right', empty: null },
    { id: 3, load: '30', tag: '7' },
  ],
  door: { id: 4, open: false, lock: { id: 5 } },
};

describe('a JSONPath selects', () => {
  test.each<{ path: string; found: JsonValue[] }>([
    { path: '$', found: [room] },
    { path: ' $ ', found: [room] },
    { path: '$.name', found: ['cellar'] },
    { path: 'name', found: ['cellar'] },
    { path: '$name', found: [] },
    { path: "$['two words']", found: [1] },
    { path: '$["two words"]', found: [1] },
    { path: "$.['name']", found: ['cellar'] },
    { path: '$.a-b', found: [2] },
    { path: "$['name','a-b','gone']", found: ['cellar', 2] },
    { path: '$.shelves[0].id', found: [1] },
    { path: '$.shelves(0).id', found: [1] },
    { path: '$.shelves[-1].id', found: [3] },
    { path: '$.shelves[9].id', found: [] },
    { path: '$.shelves[2,0].id', found: [3, 1] },
    { path: '$.shelves[1:].id', found: [2, 3] },
    { path: '$.shelves[::-1].id', found: [3, 2, 1] },
    { path: '$.shelves[-2:-1].id', found: [2] },
    { path: '$.shelves[*].id', found: [1, 2, 3] },
    { path: '$.shelves.*', found: [] },
    { path: '$.door[*]', found: [] },
    { path: '$.door.*', found: [4, false, { id: 5 }] },
    { path: '$..id', found: [1, 2, 3, 4, 5] },
    { path: "$.door..['id','open']", found: [4, false, 5] },
    { path: '$.door.lock..*', found: [{ id: 5 }, 5] },
    { path: '$..[0]', found: [] },
    { path: '$.constructor', found: [] },
  ])('$path', ({ path, found }) => {
    expect(select(path, room)).toEqual(found);
  });

  test.each([
    { filter: '@.load > 10', ids: [2, 3] },
    { filter: '@load>10', ids: [2, 3] },
    { filter: "@.tag == 'left'", ids: [1] },
    { filter: '@.tag == "left"', ids: [1] },
    { filter: '@.tag != "left"', ids: [2, 3] },
    { filter: "@['tag'] <> 'left'", ids: [2, 3] },
    { filter: '@.tag > 5', ids: [3] },
    { filter: '@.tag == 7', ids: [] },
    { filter: '@.empty', ids: [2] },
    { filter: '@.empty == null', ids: [2] },
    { filter: '@.gone != 1', ids: [] },
    { filter: '!@.empty', ids: [1, 3] },
    { filter: '!(@.id == 1 || @.id == 2)', ids: [3] },
    { filter: '@.tag =~ /right/i', ids: [2] },
    { filter: '@.tag =~ /^ r i ght # side/ix', ids: [2] },
    { filter: '@.id =~ /1/', ids: [] },
    { filter: '@.id == $.shelves[*].id', ids: [1, 2, 3] },
    { filter: '@.id === $.door.id || @.id === 1.0', ids: [1] },
    { filter: '@.load == 25.500000000000004', ids: [2] },
    { filter: '@.load < 25.500000000000004', ids: [1] },
    { filter: '@.load == 25.50000000000003', ids: [] },
    { filter: '@.id == 1 && @.gone || @.tag', ids: [1] },
    { filter: '@.id == 9 && @.gone || @.tag', ids: [] },
    { filter: '(@.id == 9 && @.gone) || @.tag', ids: [1, 2, 3] },
  ])('by the filter $filter', ({ filter, ids }) => {
    expect(select(`$.shelves[?(${filter})].id`, room)).toEqual(ids);
    expect(select(`$.shelves[?${filter}].id`, room)).toEqual(ids);
  });

  test('with a recursive filter the root, and parents before children', () => {
    expect(select('$..[?(@id || @door)]', room)).toEqual([room, ...room.shelves, room.door, room.door.lock]);
  });

  test('integers of 64 bits by their exact value', () => {
    const document = [9007199254740993n, 9007199254740992n];
    expect(select('$[?(@ == 9007199254740993)]', document)).toEqual([9007199254740993n]);
  });
});

describe('a JSONPath is refused when it is compiled', () => {
  test.each([
    ['$.', 2],
    ['$..', 3],
    ['$. a', 2],
    ['$.a b', 4],
    ['$.a[', 4],
    ['$.a[]', 4],
    ['$.a[1', 5],
    ['$.a[1:2,3]', 7],
    ['$.a[::0]', 4],
    ['$.a[99999999999]', 4],
    ["$['a]", 2],
    ["$['a'}", 5],
    ['$[(@.length-1)]', 2],
    ['$[?(@.a in [1])]', 8],
    ['$[?(@.a and @.b)]', 8],
    ['$[?(@.a == )]', 11],
    ['$[?(@.a =~ "a")]', 11],
    ['$[?(@.a =~ /(a)\\1/)]', 11],
    ['$[?(@.a', 7],
    [`$${'[?('.repeat(200)}`, undefined],
    ['a'.repeat(20_000), 0],
  ])('%s', (path, offset) => {
    const compile = () => compileExpression(path, 'JsonPath');
    expect(compile).toThrow(ExpressionSyntaxError);
    if (offset !== undefined) expect(compile).toThrow(expect.objectContaining({ offset }));
  });
});

test('what is no number, as a lenient body may hold it, equals none and comes before all', () => {
  expect(select('$[?(@ == 5)]', [Number.NaN, 5])).toEqual([5]);
  expect(select('$[?(@ < -5)]', [Number.NaN, 5])).toEqual([Number.NaN]);
  expect(select('$[?(@ == 5)]', [Number.POSITIVE_INFINITY, 5])).toEqual([5]);
});

test('a JSONPath for one value fails on several', () => {
  const path = compileExpression('$..id', 'JsonPath');
  expect(() => path.value(room, new Budget())).toThrow(expect.objectContaining({ code: 'EXPRESSION_MANY_VALUES' }));
  expect(path.value({ id: 1 }, new Budget())).toBe(1);
});

test('mixed && and || are warned about where they group against the usual precedence', () => {
  expect(compileExpression('$[?(@.a && @.b || @.c)]', 'JsonPath').warnings).toMatchObject([
    { code: 'JSONPATH_GROUPING', offset: 8 },
  ]);
  expect(compileExpression('$[?(@.a && (@.b) || @.c)]', 'JsonPath').warnings).toMatchObject([{ offset: 8 }]);
  expect(compileExpression('$[?(@.a && ((@.b || @.d)))]', 'JsonPath').warnings).toEqual([]);
  expect(compileExpression('$[?(@.a || @.b && @.c)]', 'JsonPath').warnings).toEqual([]);
  expect(compileExpression('$[?(@.a && (@.b || @.c))]', 'JsonPath').warnings).toEqual([]);
});

test('".." that has no effect is warned about, where it stands', () => {
  const warnings = (path: string) => compileExpression(path, 'JsonPath').warnings;
  expect(warnings('$.a..[0]')).toMatchObject([{ code: 'JSONPATH_RECURSION_IGNORED', offset: 3 }]);
  expect(warnings('$.a[?(@..[*])]')).toMatchObject([{ code: 'JSONPATH_RECURSION_IGNORED', offset: 7 }]);
  expect(warnings("$..['a']..[?(@b)]")).toEqual([]);
});

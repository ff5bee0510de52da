import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseExactJson } from '../../../templates/expression/exact-json.ts';
import { readTemplateFile } from '../../../templates/template-file.ts';

describe('a template file', () => {
  test.each([
    { name: 'plain JSON', text: '{"a":[1,-2.5e1,true,null,"x"]}', value: { a: [1, -25, true, null, 'x'] } },
    { name: 'comments', text: '/* one */ {"a": 1 // two\n}', value: { a: 1 } },
    { name: 'trailing commas', text: '{"a":[1,2,],}', value: { a: [1, 2] } },
    { name: 'single quotes', text: `{'a':'say "hi"\\'s'}`, value: { a: `say "hi"'s` } },
    { name: 'escapes', text: '"\\u0041\\n\\/"', value: 'A\n/' },
    { name: 'a byte order mark', text: '\uFEFF[]', value: [] },
  ])('may hold $name', ({ text, value }) => {
    expect(readTemplateFile(text)).toMatchObject({ root: { value }, issues: [] });
  });

  test.each([
    { name: 'nothing', text: '', line: 1, column: 1 },
    { name: 'a missing value', text: '{\n  "a":\n}', line: 3, column: 1 },
    { name: 'a bare name', text: '{a:1}', line: 1, column: 2 },
    { name: 'two values', text: '{"a":1 "b":2}', line: 1, column: 8 },
    { name: 'text after the document', text: '{}\r\n  x', line: 2, column: 3 },
    { name: 'an open text', text: '["a', line: 1, column: 4 },
    { name: 'an open comment', text: '[1] /* x', line: 1, column: 5 },
    { name: 'an octal number', text: '[010]', line: 1, column: 2 },
    { name: 'too many levels', text: `${'['.repeat(70)}${']'.repeat(70)}`, line: 1, column: 65 },
  ])('may not hold $name, which is reported with its place', ({ text, line, column }) => {
    expect(readTemplateFile(text).issues).toMatchObject([{ severity: 'error', code: 'TEMPLATE_SYNTAX', line, column }]);
  });

  test('knows the place of every node', () => {
    const { root, issueAt } = readTemplateFile('{\n  "x/y": [\n    {"Name": "n"}\n  ]\n}');
    const name = root!.member('X/Y')!.items[0]!.member('name')!;
    expect(issueAt(name, 'warning', 'TEMPLATE_SYNTAX', 'words')).toEqual({
      severity: 'warning',
      code: 'TEMPLATE_SYNTAX',
      message: 'words',
      pointer: '/x~1y/0/Name',
      line: 3,
      column: 14,
    });
  });

  test('lets the last of several members hold, ignoring case, and warns', () => {
    const { root, issues } = readTemplateFile('{"a":1,"A":2,"a":3}');
    expect(root!.member('a')!.value).toBe(3);
    expect(issues.map(({ severity, code, column }) => [severity, code, column])).toEqual([
      ['warning', 'TEMPLATE_MEMBER_REPEATED', 12],
      ['warning', 'TEMPLATE_MEMBER_REPEATED', 18],
    ]);
  });

  test('reads what JSON.parse reads, long integers apart, which are exact', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(readTemplateFile(text).root?.value).toEqual(parseExactJson(text));
      }),
    );
  });

  test('never throws, whatever the text', () => {
    const scraps = fc.array(fc.constantFrom('{', '}', '[', ']', '"', "'", ':', ',', '\\', '//', '/*', '1', 'a'));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          scraps.map((parts) => parts.join('')),
        ),
        (text) => void readTemplateFile(text),
      ),
    );
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runCaseFiles } from '../../../cli/test.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomt-cases-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const template = {
  templateType: 'CollectionContent',
  template: [
    {
      templateType: 'JsonPathContent',
      template: {
        typeName: 'pulse',
        typeMatchExpression: '$..[?(@pulse)]',
        deviceIdExpression: '$.id',
        timestampExpression: '$.at',
        values: [{ valueName: 'pulse', valueExpression: '$.pulse' }],
      },
    },
  ],
};
const message = { Body: { pulse: 72, id: 'd', at: '2024-03-01T08:00:00Z' } };
const measured = (value: string) => ({
  measurements: [
    { type: 'pulse', deviceId: 'd', occurrenceTimeUtc: '2024-03-01T08:00:00Z', properties: [{ name: 'pulse', value }] },
  ],
});
const passing = { name: 'a pulse', template, message, expect: measured('72') };
const failing = { name: 'another pulse', template, message, expect: measured('73') };

function write(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function run(files: readonly string[], isJson = false) {
  const lines: string[] = [];
  const warnings: string[] = [];
  const status = runCaseFiles(files, {
    isJson,
    print: (line) => lines.push(stripVTControlCharacters(line)),
    warn: (line) => warnings.push(line),
  });
  return { status, text: lines.join('\n'), lines, warnings };
}

describe('the command test', () => {
  test('ends with status 0 when every case passes', () => {
    expect(run([write('passing.json', [passing])])).toEqual({
      status: 0,
      text: '1 case passed',
      lines: ['1 case passed'],
      warnings: [],
    });
  });

  test('ends with status 1 when a case fails, and shows where it differs', () => {
    const { status, text } = run([write('failing.json', [failing, passing])]);
    expect(status).toBe(1);
    expect(text).toContain('✗ another pulse');
    expect(text).toMatch(/-\s+"value": "73"\n\s+\+\s+"value": "72"/);
    expect(text).not.toContain('occurrenceTimeUtc');
    expect(text).toContain('2 cases: 1 passed, 1 failed');
  });

  test('shows where a long list begins to differ, and not all of it', () => {
    const pulses = Array.from({ length: 1000 }, (_, index) => ({ ...message.Body, pulse: index + 1 }));
    const measurements = pulses.flatMap(({ pulse }) => measured(`${pulse > 7 ? 0 : pulse}`).measurements);
    const { lines } = run([write('long.json', [{ ...passing, message: { Body: pulses }, expect: { measurements } }])]);
    expect(lines[0]).toMatch(/"value": "0"\n.*"value": "8"/);
    expect(lines[0]).not.toContain('"value": "7"');
    expect(lines[0]).toContain('… and more');
    expect(lines[0]?.split('\n').length).toBeLessThan(1000);
  });

  test('prints one line of JSON for each case', () => {
    const { status, lines } = run([write('json.json', [failing, passing])], true);
    expect(status).toBe(1);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { name: 'another pulse', passed: false, actual: measured('72') },
      { name: 'a pulse', passed: true, actual: measured('72') },
    ]);
  });

  test('takes templates from files beside the cases', () => {
    write('content.json', template);
    const file = write('named.json', [{ ...passing, template: undefined, templateFile: 'content.json' }]);
    expect(run([file]).status).toBe(0);
  });

  test.each([
    { name: 'is not there', content: undefined, warning: /^ENOENT.*unreadable\.json/ },
    { name: 'is no JSON', content: '[{\n  "name": 5,,\n}]', warning: /unreadable\.json:2:13: no JSON/ },
    { name: 'is nested too deeply', content: '['.repeat(20_000), warning: /:1:1001: expected at most 1000 nested/ },
    { name: 'is no array', content: '{}', warning: /unreadable\.json:1:1: expected an array of cases/ },
  ])('ends with status 2 when a file $name, after running the others', ({ content, warning }) => {
    const file = join(folder, 'unreadable.json');
    rmSync(file, { force: true });
    if (content !== undefined) writeFileSync(file, content);
    const { status, text, warnings } = run([file, write('passing.json', [passing])]);
    expect(status).toBe(2);
    expect(text).toBe('1 case passed');
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  test('ends with status 1 when a case fails, though a file cannot be read', () => {
    const { status, warnings } = run([join(folder, 'nowhere.json'), write('failing.json', [failing])]);
    expect(status).toBe(1);
    expect(warnings).toHaveLength(1);
  });

  test('fails a case whose template cannot be read, after running the other cases', () => {
    const file = write('dangling.json', [{ ...passing, template: undefined, templateFile: 'nowhere.json' }, passing]);
    const { status, lines, warnings } = run([file], true);
    expect(status).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/dangling\.json, a pulse: ENOENT.*nowhere\.json/)]);
    expect(lines.map((line) => (JSON.parse(line) as { passed: boolean }).passed)).toEqual([false, true]);
  });

  test('fails a case that is none, and no other', () => {
    const { status, text } = run([write('odd.json', [5, { name: 'empty' }, passing])]);
    expect(status).toBe(1);
    expect(text).toContain('✗ case 1');
    expect(text).toContain('✗ empty');
    expect(text).toContain('3 cases: 1 passed, 2 failed');
  });

  test('tells of a refused measurement that a passing case does not speak of', () => {
    const transform = {
      name: 'a pulse and a word',
      mapping: {
        templateType: 'CollectionFhir',
        template: [
          {
            templateType: 'CodeValueFhir',
            template: { typeName: 'pulse', codes: [], value: { valueType: 'Quantity', valueName: 'pulse' } },
          },
        ],
      },
      group: {
        type: 'pulse',
        deviceId: 'd',
        measurements: ['72', 'fast'].map((value, second) => ({
          occurrenceTimeUtc: `2024-03-01T08:00:0${second}Z`,
          properties: [{ name: 'pulse', value }],
        })),
      },
      ids: { device: 'd', patient: 'p' },
      expect: { observations: [{ valueQuantity: { value: 72 } }] },
    };
    const { status, text } = run([write('transform.json', [transform])]);
    expect(status).toBe(0);
    expect(text).toContain('measurement 1 was refused (VALUE_NOT_DECIMAL)');
  });
});

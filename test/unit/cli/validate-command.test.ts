import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { validateFiles } from '../../../cli/validate.ts';
import type { TemplateFiles } from '../../../cli/validate.ts';
import { SAMPLES } from '../../support/sample-cases.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'iomt-validate-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const template = {
  typeName: 'x',
  codes: [{ code: '80404-7', system: 'http://loinc.org' }],
  value: { valueType: 'Quantity', valueName: 'v' },
};

function mappingFile(members: object, indent = 2): string {
  const file = join(folder, 'fhirmapping.json');
  const element = { templateType: 'CodeValueFhir', template: { ...template, ...members } };
  writeFileSync(file, JSON.stringify({ templateType: 'CollectionFhir', template: [element] }, null, indent));
  return file;
}

async function run(files: TemplateFiles, { isStrict = false, isJson = false } = {}) {
  const lines: string[] = [];
  const warnings: string[] = [];
  const status = await validateFiles(files, isStrict, {
    isJson,
    print: (line) => lines.push(stripVTControlCharacters(line)),
    warn: (line) => warnings.push(line),
  });
  return { status, lines, text: lines.join('\n'), warnings };
}

const LOINC = [{ code: '80404-8', system: 'http://loinc.org' }];

describe('the command validate', () => {
  test('ends with status 0 for files without findings', async () => {
    const sample = {
      deviceContent: join(SAMPLES, 'steps/devicecontent.json'),
      fhirMapping: join(SAMPLES, 'steps/fhirmapping.json'),
    };
    expect(await run(sample, { isStrict: true })).toMatchObject({
      status: 0,
      lines: ['no errors, no warnings'],
      warnings: [],
    });
    expect(await run(sample, { isJson: true })).toMatchObject({ status: 0, lines: [] });
  });

  test('prints a finding with its place, its pointer and its line of the file', async () => {
    const file = mappingFile({ codes: LOINC });
    const { status, text } = await run({ fhirMapping: file });
    expect(status).toBe(0);
    expect(text)
      .toBe(`${file}:10:21 warning LOINC_CODE_INVALID The check digit is wrong: mistyped, unless "80404-7" is meant (/template/0/template/codes/0/code)
  10 |             "code": "80404-8",
     |                     ^

0 errors, 1 warning`);
  });

  test('ends with status 1 for warnings only when strict', async () => {
    const fhirMapping = mappingFile({ codes: LOINC });
    expect((await run({ fhirMapping })).status).toBe(0);
    expect((await run({ fhirMapping }, { isStrict: true })).status).toBe(1);
  });

  test('ends with status 1 for errors, and prints them among the warnings, in the order of the file', async () => {
    const fhirMapping = mappingFile({ codes: LOINC, periodInterval: 5, category: [{ code: 'x' }] });
    const { status, lines } = await run({ fhirMapping }, { isJson: true });
    expect(status).toBe(1);
    const found = lines.map((line) => JSON.parse(line) as unknown);
    expect(found).toEqual([
      {
        file: fhirMapping,
        severity: 'warning',
        code: 'LOINC_CODE_INVALID',
        message: expect.any(String),
        pointer: '/template/0/template/codes/0/code',
        line: 10,
        column: 21,
      },
      expect.objectContaining({ severity: 'error', code: 'TEMPLATE_MEMBER_INVALID', line: 18 }),
      expect.objectContaining({ severity: 'error', code: 'TEMPLATE_MEMBER_UNKNOWN', line: 21 }),
    ]);
  });

  test('says how both files fit, each finding of the file that it concerns', async () => {
    const fhirMapping = mappingFile({});
    const deviceContent = join(SAMPLES, 'steps/devicecontent.json');
    const { lines } = await run({ deviceContent, fhirMapping }, { isJson: true });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { file: deviceContent, code: 'TYPE_NOT_MAPPED' },
      { file: fhirMapping, code: 'TYPE_NOT_MEASURED' },
    ]);
  });

  test('ends with status 2 for a file that is not there, after checking the other', async () => {
    const fhirMapping = mappingFile({ codes: LOINC });
    const nowhere = join(folder, 'nowhere.json');
    const { status, lines, warnings } = await run({ deviceContent: nowhere, fhirMapping });
    expect(status).toBe(2);
    expect(warnings).toEqual([expect.stringMatching(/nowhere\.json: ENOENT/)]);
    expect(lines).toEqual([expect.stringContaining('LOINC_CODE_INVALID')]);
  });

  test('names a folder that is given for a file', async () => {
    expect(await run({ fhirMapping: folder })).toMatchObject({
      status: 2,
      lines: [],
      warnings: [expect.stringContaining(`${folder}: EISDIR`)],
    });
  });

  test('a file that is no JSON is one error', async () => {
    const file = join(folder, 'broken.json');
    writeFileSync(file, '{\n  "templateType": oops\n}');
    const { status, text } = await run({ deviceContent: file });
    expect(status).toBe(1);
    expect(text).toContain(`${file}:2:19 error TEMPLATE_SYNTAX`);
    expect(text).toContain('  2 |   "templateType": oops\n    |                   ^');
  });

  test('cuts a long line to what is near the place', async () => {
    const { lines } = await run({ fhirMapping: mappingFile({ codes: LOINC }, 0) });
    const [, shown = '', mark = ''] = (lines[0] ?? '').split('\n');
    expect(shown).toMatch(/^ {2}1 \| ….{60}"80404-8".+…$/);
    expect(shown.length).toBeLessThan(140);
    expect(shown.indexOf('"80404-8"')).toBe(mark.indexOf('^'));
  });
});

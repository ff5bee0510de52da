import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TEMPLATE_ISSUE_CODES } from '../../../core/template-issue.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import { lintTemplates } from '../../../templates/lint/lint.ts';
import { mappingText } from '../../support/fhir-mapping.ts';
import { contentFile } from './template-arbitraries.ts';

const SYSTEMS = ['http://loinc.org', 'http://unitsofmeasure.org', 'https://loinc.org', 'urn:own', ' '];
const CODES = [
  '8867-4',
  '8867-5',
  '85354-9',
  '8480-6',
  '59408-5',
  '85353-1',
  'bpm',
  '/min',
  '{x}1',
  'vital-signs',
  '-',
];
const NAMES = ['a', 'A', 'heartRate', 'diastolic', 'constructor', '__proto__', ' b '];

const text = fc.oneof(fc.constantFrom(...NAMES), fc.string());
const coding = fc.record(
  {
    code: fc.oneof(fc.constantFrom(...CODES), fc.string(), fc.integer()),
    system: fc.constantFrom(...SYSTEMS),
    display: text,
  },
  { requiredKeys: [] },
);
const codes = fc.array(coding, { maxLength: 3 });
const valueName = fc.constantFrom(...NAMES);
const unit = {
  unit: text,
  system: fc.constantFrom(...SYSTEMS),
  code: fc.oneof(fc.constantFrom(...CODES), fc.string()),
};
const value = fc.oneof(
  fc.record({ valueType: fc.constant('Quantity'), valueName, ...unit }, { requiredKeys: ['valueType', 'valueName'] }),
  fc.record(
    {
      valueType: fc.constant('sampleddata'),
      valueName,
      defaultPeriod: fc.oneof(fc.double({ min: 0.001, max: 1e9, noNaN: true }), fc.integer({ min: 1, max: 1e8 })),
      unit: text,
    },
    { requiredKeys: ['valueType', 'valueName', 'defaultPeriod'] },
  ),
  fc.record({ valueType: fc.constant('String'), valueName }),
  fc.record({ valueType: fc.constant('CodeableConcept'), valueName, text: fc.constant('t'), codes }),
);
const template = fc.record(
  {
    typeName: fc.constantFrom('a', 'b', 'iot', 'heartRate'),
    periodInterval: fc.constantFrom(-1, 0, 60, 1440, 'Daily', 'Instance'),
    codes,
    category: fc.array(fc.record({ codes, text }), { maxLength: 2 }),
    value,
    components: fc.array(fc.record({ codes, value }), { maxLength: 3 }),
  },
  { requiredKeys: ['typeName', 'codes'] },
);
const templates = fc.uniqueArray(template, { maxLength: 4, selector: ({ typeName }) => typeName.toLowerCase() });

/** A template with any JSON in the place of one of its members. */
const broken = fc
  .tuple(
    template,
    fc.constantFrom('typeName', 'periodInterval', 'codes', 'category', 'value', 'components'),
    fc.jsonValue(),
  )
  .map(([whole, member, anything]) => ({ ...whole, [member]: anything }));

function expectFindings(texts: Parameters<typeof lintTemplates>[0]): void {
  const { deviceContent, fhirMapping } = lintTemplates(texts);
  for (const { severity, code, line, column } of [...deviceContent, ...fhirMapping]) {
    expect(severity).toBe('warning');
    expect(TEMPLATE_ISSUE_CODES).toContain(code);
    expect(Math.min(line, column)).toBeGreaterThan(0);
  }
}

test('whatever is valid is linted without throwing, with findings that have their places', () => {
  fc.assert(
    fc.property(contentFile, templates, (deviceContent, mapped) => {
      const fhirMapping = mappingText(...mapped);
      expect(loadFhirMapping(fhirMapping)).toMatchObject({ ok: true });
      expectFindings({ deviceContent, fhirMapping });
    }),
    { numRuns: 300 },
  );
});

test('so is what is not valid, be it JSON or not', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        broken.map((one) => mappingText(one)),
        fc.json(),
        fc.string(),
      ),
      (file) => {
        expectFindings({ deviceContent: file, fhirMapping: file });
      },
    ),
    { numRuns: 300 },
  );
});

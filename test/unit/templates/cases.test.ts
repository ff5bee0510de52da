import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'lossless-json';
import { asSeenBy } from '../../../templates/cases/as-seen-by.ts';
import { readCaseFile } from '../../../templates/cases/case-file.ts';
import { createCaseRunner } from '../../../templates/cases/case-runner.ts';
import type { CaseResult } from '../../../templates/cases/mapping-case.ts';
import { mappingText } from '../../support/fhir-mapping.ts';

/** Runs the one case of a file. */
function runText(text: string): CaseResult {
  const read = readCaseFile(text);
  const [each] = read.ok ? read.cases : [];
  if (each === undefined) throw new RangeError('Expected one case');
  return createCaseRunner()(each, (file) => `no ${file}`);
}

const run = (each: object): CaseResult => runText(stringify([{ name: 'x', ...each }]) ?? '');

const template = (members: object = {}, file: object = {}) => ({
  templateType: 'CollectionContent',
  ...file,
  template: [
    {
      templateType: 'CalculatedContent',
      template: {
        typeName: 't',
        typeMatchExpression: '$.Body',
        deviceIdExpression: '$.Body.id',
        timestampExpression: '$.Body.at',
        values: [{ valueName: 'v', valueExpression: '$.Body.v' }],
        ...members,
      },
    },
  ],
});
const body = { id: 'd', at: '2024-01-01T00:00:00Z', v: 1 };
const measured = (members: object = {}) => ({
  measurements: [
    { type: 't', deviceId: 'd', occurrenceTimeUtc: body.at, properties: [{ name: 'v', value: '1' }], ...members },
  ],
});

describe('a normalization case passes', () => {
  test.each([
    { name: 'with the measurements as they are', each: {} },
    { name: 'with ids that are null', each: { expect: measured({ patientId: null, correlationId: null }) } },
    {
      name: 'with an instant in another spelling',
      each: { expect: measured({ occurrenceTimeUtc: '2024-01-01T00:00:00.000Z' }) },
    },
    {
      name: 'with a body instead of the message’s',
      each: { message: { Properties: {} }, bodyText: JSON.stringify(body) },
    },
    { name: 'with a message as text', each: { message: null, messageText: JSON.stringify({ Body: body }) } },
    {
      name: 'with a template as text',
      each: { template: null, templateText: `// text\n${JSON.stringify(template())}` },
    },
    { name: 'with nothing but a template', each: { message: null, expect: { measurements: [] } } },
    { name: 'that expects an invalid template', each: { template: {}, expect: { templateInvalid: true, why: 'w' } } },
    { name: 'that expects an error', each: { bodyText: '{', expect: { messageError: true, errorType: 'E' } } },
    {
      name: 'that expects a certain error',
      each: {
        bodyText: '{}',
        expect: { error: { code: 'REQUIRED_VALUE_MISSING', member: 'deviceIdExpression', templateIndex: 0 } },
      },
    },
    {
      name: 'with digits no double can hold',
      each: {
        messageText: `{"Body":{"id":9007199254740993,"at":"${body.at}","v":1}}`,
        expect: measured({ deviceId: '9007199254740993' }),
      },
    },
    {
      name: 'with a bare time on the day it says',
      each: {
        message: { Body: { ...body, at: '10:00' } },
        enqueuedAt: '2024-02-03T00:00:00Z',
        expect: measured({ occurrenceTimeUtc: '2024-02-03T10:00:00Z' }),
      },
    },
    {
      name: 'with a lenient body where the template says so',
      each: { template: template({}, { body: 'lenient' }), bodyText: `{id:'d', at:'${body.at}', v:01} junk` },
    },
    {
      name: 'with a fraction that another maths library ends otherwise',
      each: {
        message: { Body: { ...body, v: 316.22776601683796 } },
        expect: measured({ properties: [{ name: 'v', value: '316.227766016838' }] }),
      },
    },
  ])('$name', ({ each }) => {
    const { comparison, passed } = run({ template: template(), message: { Body: body }, expect: measured(), ...each });
    expect(comparison.seen).toEqual(comparison.expected);
    expect(passed).toBe(true);
  });
});

describe('a normalization case fails', () => {
  test.each([
    { name: 'with a value too few', expect: measured({ properties: [] }) },
    { name: 'with another text of the same number', expect: measured({ properties: [{ name: 'v', value: '1.0' }] }) },
    { name: 'with an id that nobody expects', expect: measured({ patientId: 'p' }) },
    { name: 'with a measurement too many', expect: { measurements: [] } },
    { name: 'that expects an error', expect: { messageError: true } },
    { name: 'that expects an invalid template', expect: { templateInvalid: true } },
  ])('$name', ({ expect: expected }) => {
    expect(run({ template: template(), message: { Body: body }, expect: expected }).passed).toBe(false);
  });

  test('with an id that it does not mention, but the message has', () => {
    const withPatient = template({ patientIdExpression: '$.Body.id' });
    expect(run({ template: withPatient, message: { Body: body }, expect: measured() })).toMatchObject({
      passed: false,
      comparison: { expected: { measurements: [{ patientId: null }] }, seen: { measurements: [{ patientId: 'd' }] } },
    });
  });
});

describe('a body', () => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

  test.each([
    { levels: 64, actual: measured({ properties: [] }) },
    { levels: 65, actual: { messageError: true, error: { code: 'BODY_TOO_DEEP' } } },
  ])('in a whole message may be $levels levels deep, or not', ({ levels, actual }) => {
    const constant = { value: "'d'", language: 'JmesPath' };
    const time = { value: `'${body.at}'`, language: 'JmesPath' };
    const of = template({ typeMatchExpression: '$', deviceIdExpression: constant, timestampExpression: time });
    const messageText = `{"Body":${deep(levels)},"Properties":{},"SystemProperties":{}}`;
    expect(run({ template: of, messageText, expect: { measurements: [] } }).actual).toMatchObject(actual);
  });
});

const group = (values: readonly (string | null)[], members: object = {}) => ({
  type: 'x',
  deviceId: 'd',
  ...members,
  measurements: values.map((value, second) => ({
    occurrenceTimeUtc: `2024-01-01T00:00:0${second}Z`,
    properties: [{ name: 'v', value }],
  })),
});
const transform = (each: object): CaseResult =>
  run({
    mappingText: mappingText({ typeName: 'x', codes: [], value: { valueType: 'Quantity', valueName: 'v' } }),
    ids: { device: 'd', patient: 'p' },
    expect: { observations: [] },
    ...each,
  });

describe('a transform case shows', () => {
  const existing = (value: string) =>
    (transform({ group: group([value]) }).actual as { observations: unknown[] }).observations[0];

  test.each([
    { name: 'every Observation of its groups', each: { group: group(['1', '2']) }, actual: { observations: [{}, {}] } },
    {
      name: 'nothing for a group without a mapped value',
      each: { group: group([null]) },
      actual: { observations: [] },
    },
    { name: 'nothing for no measurement', each: { group: group([]) }, actual: { observations: [] } },
    {
      name: 'what bad data kept out',
      each: { group: group(['1', 'bad']) },
      actual: {
        observations: [{}],
        refused: [{ index: 1, occurrenceTimeUtc: '2024-01-01T00:00:01Z', code: 'VALUE_NOT_DECIMAL', valueName: 'v' }],
      },
    },
    {
      name: 'an error when all is refused',
      each: { group: group(['bad']) },
      actual: { error: { code: 'VALUE_NOT_DECIMAL', waits: false }, refused: [{ index: 0 }] },
    },
    {
      name: 'that a group without a mapping would wait',
      each: { group: group(['1'], { type: 'y' }) },
      actual: { error: { code: 'MAPPING_MISSING', waits: true } },
    },
    {
      name: 'that a group of a foreign Observation would wait',
      each: { group: group(['1']), existing: { resourceType: 'Patient' } },
      actual: { error: { code: 'OBSERVATION_UNMERGEABLE', waits: true } },
    },
    {
      name: 'an invalid mapping with its issues',
      each: { group: group(['1']), mappingText: '{' },
      actual: { mappingInvalid: true, issues: [{ code: 'TEMPLATE_SYNTAX' }] },
    },
  ])('$name', ({ each, actual }) => {
    expect(transform(each).actual).toMatchObject(actual);
  });

  test('the stored Observation as it is when nothing changes', () => {
    const stored = existing('1');
    const { actual } = transform({ group: group(['1']), existing: stored });
    expect(actual).toMatchObject({ unchanged: true, observations: [{ status: 'final' }] });
  });

  test('the stored Observation as it is for a group without a mapped value', () => {
    const { actual } = transform({ group: group([null]), existing: existing('1') });
    expect(actual).toMatchObject({ unchanged: true, observations: [{ resourceType: 'Observation' }] });
  });

  test('the merged Observation, amended', () => {
    const stored = existing('1');
    const { actual } = transform({
      group: {
        ...group(['2']),
        measurements: [{ ...group(['2']).measurements[0], ingestionTimeUtc: '2024-01-02T00:00:00Z' }],
      },
      existing: stored,
    });
    expect(actual).toMatchObject({ observations: [{ status: 'amended' }] });
    expect(actual).not.toHaveProperty('unchanged');
  });

  test('decimals as they are written', () => {
    const { actual, passed } = transform({
      group: group(['22.40']),
      expect: { observations: [{ valueQuantity: { value: 22.4 } }] },
    });
    expect(stringify(actual)).toContain('"value":22.40');
    expect(passed).toBe(true);
  });
});

describe('a transform case passes', () => {
  test.each([
    { name: 'with a fragment', expect: { observations: [{ subject: { reference: 'Patient/p' } }] } },
    { name: 'with null for what is absent', expect: { observations: [{ component: null }] } },
    {
      name: 'with an instant in another spelling',
      expect: { observations: [{ effectivePeriod: { start: '2024-01-01T00:00:00Z' } }] },
    },
  ])('$name', ({ expect: expected }) => {
    expect(transform({ group: group(['1']), expect: expected }).passed).toBe(true);
  });

  test.each([
    { name: 'an error', expect: { error: true } },
    { name: 'a certain error', expect: { error: { code: 'VALUE_NOT_DECIMAL', waits: false } } },
  ])('that expects $name', ({ expect: expected }) => {
    expect(transform({ group: group(['bad']), expect: expected }).passed).toBe(true);
  });
});

describe('a transform case fails', () => {
  test.each([
    { name: 'with an Observation too few', expect: { observations: [] } },
    { name: 'with another number', expect: { observations: [{ valueQuantity: { value: 2 } }] } },
    { name: 'with a number as text', expect: { observations: [{ valueQuantity: { value: '1' } }] } },
    { name: 'with null for what is there', expect: { observations: [{ subject: null }] } },
    { name: 'that expects no change', expect: { observations: [{}], unchanged: true } },
    { name: 'that expects a refusal', expect: { observations: [{}], refused: [{}] } },
    { name: 'that expects an error', expect: { error: true } },
  ])('$name', ({ expect: expected }) => {
    expect(transform({ group: group(['1']), expect: expected }).passed).toBe(false);
  });
});

describe('a case that cannot be run says why', () => {
  test.each([
    { name: 'no template', each: { message: {}, expect: measured() }, problem: 'expected a template' },
    { name: 'no expectation', each: { template: {}, message: {} }, problem: 'expect: expected measurements' },
    {
      name: 'a message that is no object',
      each: { template: {}, message: [], expect: measured() },
      problem: 'message:',
    },
    {
      name: 'a group that is none',
      each: { group: {}, mapping: {}, ids: {}, expect: { error: true } },
      problem: 'group/type',
    },
    {
      name: 'a time of enqueuing that is none',
      each: { template: {}, message: {}, enqueuedAt: 'noon', expect: measured() },
      problem: 'enqueuedAt',
    },
    { name: 'no ids', each: { group: group([]), mapping: {}, expect: { error: true } }, problem: 'ids' },
  ])('$name', ({ each, problem }) => {
    const { actual, passed } = run(each);
    expect(passed).toBe(false);
    expect(actual).toEqual({ caseInvalid: true, problems: expect.arrayContaining([expect.stringContaining(problem)]) });
  });
});

test('a template is compiled once, whatever the number of its cases', () => {
  const runCase = createCaseRunner();
  const read = readCaseFile(JSON.stringify([1, 2].map(() => ({ template: {}, expect: { templateInvalid: true } }))));
  const actuals = (read.ok ? read.cases : []).map((each) => runCase(each, () => '').actual);
  expect(actuals[0]).toHaveProperty('issues');
  expect((actuals[0] as { issues: unknown }).issues).toBe((actuals[1] as { issues: unknown }).issues);
});

test('whatever is JSON can be run, and gives a result', () => {
  const member = fc.constantFrom(
    'name',
    'template',
    'templateText',
    'message',
    'messageText',
    'bodyText',
    'expect',
    'group',
    'ids',
    'existing',
    'mapping',
  );
  const json = fc.array(fc.dictionary(member, fc.oneof(fc.jsonValue(), fc.constant(template()))));
  fc.assert(
    fc.property(json, (cases) => {
      const read = readCaseFile(JSON.stringify(cases));
      const runCase = createCaseRunner();
      for (const each of read.ok ? read.cases : []) expect(typeof runCase(each, () => '').passed).toBe('boolean');
    }),
  );
});

test('a value sees itself as it is', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(asSeenBy(value, value, (_member, a, b) => a === b)).toEqual(value);
    }),
  );
});

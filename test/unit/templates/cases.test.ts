import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'lossless-json';
import type { JsonValue } from '../../../core/device-message.ts';
import { asSeenBy } from '../../../templates/cases/as-seen-by.ts';
import { readCaseFile } from '../../../templates/cases/case-file.ts';
import { normalizationExpectation, transformExpectation } from '../../../templates/cases/expectation.ts';
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
      name: 'with a message as text that only a lenient reader takes, where the template says so',
      each: {
        template: template({}, { body: 'lenient' }),
        messageText: `{Body: {id:'d', at:'${body.at}', v:01,}} junk`,
      },
    },
    {
      name: 'with a template alone, and no message, that expects it to be invalid',
      each: { template: {}, message: undefined, expect: { templateInvalid: true } },
    },
    {
      name: 'that expects an error, whatever else it says of it',
      each: { bodyText: '{', expect: { messageError: true, error: { code: 'E' }, partialMeasurements: [{}] } },
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
    { name: 'with a member that no measurement has', expect: measured({ patient: 'p' }) },
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

describe('the text of a value is compared', () => {
  const pow = { value: 'pow(Body.v, `0.5`)', language: 'JmesPath' };
  const outcomeOf = (valueExpression: unknown, v: JsonValue, expected: string) =>
    run({
      template: template({ values: [{ valueName: 'v', valueExpression }] }),
      message: { Body: { ...body, v } },
      expect: measured({ properties: [{ name: 'v', value: expected }] }),
    }).passed;

  test.each([
    { actual: '1.10', expected: '1.1' },
    { actual: '1.1', expected: '1.10' },
    { actual: '36.60', expected: '36.6' },
    { actual: 0.30000000000000004, expected: '0.3' },
    { actual: 316.22776601683796, expected: '316.227766016838' },
    { actual: 1e17, expected: '1e17' },
  ])('to the letter: $actual is not $expected', ({ actual, expected }) => {
    expect(outcomeOf('$.Body.v', actual, expected)).toBe(false);
  });

  // The root of 100000 is 316.22776601683796, or its neighbour for another maths library.
  test.each([
    { expected: '316.22776601683796', passed: true },
    { expected: '316.2277660168379', passed: true },
    { expected: '316.227766016838', passed: true },
    { expected: '316.2277660168377', passed: false },
    { expected: '-316.22776601683796', passed: false },
    { expected: '316.227766016837960', passed: false },
    { expected: '3.1622776601683796E+02', passed: false },
  ])('but for the last digits of a power: $expected passes, $passed', ({ expected, passed }) => {
    expect(outcomeOf(pow, 100000, expected)).toBe(passed);
  });

  test('with every digit of a power that is a whole number', () => {
    const square = { value: 'pow(Body.v, `2`)', language: 'JmesPath' };
    expect(outcomeOf(square, 94906267, '9007199515875288')).toBe(false);
    expect(outcomeOf(square, 94906267, '9007199515875289')).toBe(true);
  });
});

describe('what a failed case shows', () => {
  test('is the whole of what it came to, where a member that is listed is not there', () => {
    const { actual, comparison } = run({
      template: template(),
      message: { Body: { id: 'd' } },
      expect: { error: { code: 'REQUIRED_VALUE_MISSING', place: 'timestampExpression' } },
    });
    expect(comparison.seen).toEqual({ error: (actual as { error: unknown }).error });
    expect(
      run({ template: template(), message: { Body: body }, expect: { messageError: true } }).comparison.seen,
    ).toEqual(measured());
  });

  test('is where in the file of cases an issue of a template is that stands there', () => {
    const text = `[{
      "name": "x",
      "template": {"templateType": "CollectionContent", "template": [],
        "body": 5}, "expect": { "measurements": [] }, "message": null }]`;
    expect(runText(text).actual).toMatchObject({ issues: [{ pointer: '/body', line: 4, column: 17 }] });
    expect(runText('[{"template":[],"expect":{"measurements":[]},"message":null}]').actual).toMatchObject({
      issues: [{ pointer: '', line: 1, column: 14 }],
    });
    const asText = { templateText: '[]', message: null, expect: { measurements: [] } };
    expect(run(asText).actual).toMatchObject({ issues: [{ pointer: '', line: 1, column: 1 }] });
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

const group = (values: readonly (string | null)[], members: object = {}, at?: string) => ({
  type: 'x',
  deviceId: 'd',
  ...members,
  measurements: values.map((value, second) => ({
    occurrenceTimeUtc: at ?? `2024-01-01T00:00:0${second}Z`,
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
    { name: 'with two members of which one is not there', expect: { observations: [{ status: 'final', note: 'n' }] } },
    { name: 'that expects a refusal', expect: { observations: [{}], refused: [{}] } },
    { name: 'that expects an error', expect: { error: true } },
  ])('$name', ({ expect: expected }) => {
    expect(transform({ group: group(['1']), expect: expected }).passed).toBe(false);
  });
});

describe('a case that cannot be run says why', () => {
  test.each([
    { name: 'no template', each: { message: {}, expect: measured() }, problem: 'expected a template' },
    { name: 'no expectation', each: { template: {}, message: {} }, problem: 'expect: expected one of measurements' },
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
    {
      name: 'a time in a group that is none',
      each: { group: group(['1'], {}, 'noon'), mapping: {}, ids: {}, expect: { error: true } },
      problem: 'group/measurements/0/occurrenceTimeUtc: expected an instant',
    },
    {
      name: 'a stored resource that is none',
      each: { group: group([]), mapping: {}, ids: {}, existing: 5, expect: { error: true } },
      problem: 'existing: expected an object',
    },
    { name: 'no message', each: { template: {}, expect: measured() }, problem: 'expected a message, messageText' },
    {
      name: 'no message that could be in error',
      each: { template: {}, expect: { messageError: true } },
      problem: 'expected a message, messageText',
    },
    {
      name: 'a misspelt message',
      each: { template: {}, mesage: {}, expect: { measurements: [] } },
      problem: 'mesage: not known; is "message" meant?',
    },
    {
      name: 'a time of enqueuing in another case',
      each: { template: {}, message: {}, enqueuedat: body.at, expect: { measurements: [] } },
      problem: 'enqueuedat: not known; is "enqueuedAt" meant?',
    },
  ])('$name', ({ each, problem }) => {
    const { actual, passed } = run(each);
    expect(passed).toBe(false);
    expect(actual).toEqual({ caseInvalid: true, problems: expect.arrayContaining([expect.stringContaining(problem)]) });
  });
});

describe('an expectation with which nearly everything would agree is none:', () => {
  const whole = measured().measurements[0];
  const { type: _type, ...withoutType } = whole ?? {};
  const { properties: _properties, ...withoutProperties } = whole ?? {};

  test.each([
    { expected: { measurements: [{}] }, problem: /measurements\/0\/type: .*measurements\/0\/properties: / },
    { expected: { measurements: [withoutType] }, problem: /measurements\/0\/type: / },
    { expected: { measurements: [withoutProperties] }, problem: /measurements\/0\/properties: / },
    { expected: { measurements: [null] }, problem: /measurements\/0: / },
    { expected: { measurements: {} }, problem: /measurements: / },
    {
      expected: measured({ properties: [{ name: 'v' }] }),
      problem: /measurements\/0\/properties\/0\/value: /,
    },
    { expected: measured({ properties: [{ name: 'v', value: 1 }] }), problem: /properties\/0\/value: / },
    { expected: { measurements: [], messageError: true }, problem: /expected one of measurements/ },
    { expected: { templateInvalid: true, messageError: true }, problem: /expected one of measurements/ },
    { expected: { templateInvalid: false }, problem: /expected one of measurements/ },
    { expected: { error: {} }, problem: /error\/code: / },
    { expected: { error: true }, problem: /expected one of measurements/ },
    { expected: {}, problem: /expected one of measurements/ },
  ])('$expected of a message', ({ expected, problem }) => {
    expect(normalizationExpectation(expected)).toEqual(expect.stringMatching(problem));
  });

  test.each([
    { expected: { observations: [null] }, problem: /observations\/0: expected an object/ },
    { expected: { observations: {} }, problem: /observations: / },
    { expected: { observations: [], error: true }, problem: /expected one of observations/ },
    { expected: { observations: [], mappingInvalid: true }, problem: /expected one of observations/ },
    { expected: { unchanged: false }, problem: /expected one of observations/ },
    { expected: { unchanged: 'yes' }, problem: /unchanged: / },
    { expected: { refused: [] }, problem: /expected one of observations/ },
    { expected: {}, problem: /expected one of observations/ },
  ])('$expected of a group', ({ expected, problem }) => {
    expect(transformExpectation(expected)).toEqual(expect.stringMatching(problem));
  });
});

describe('a file of cases', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}"]\\"["${']'.repeat(levels)}`;

  test('may be nested 1000 levels deep, and says where it is deeper', () => {
    expect(readCaseFile(nested(1000))).toMatchObject({ ok: true });
    expect(readCaseFile(`\n${nested(20_000)}`)).toEqual({
      ok: false,
      message: 'expected at most 1000 nested levels',
      line: 2,
      column: 1001,
    });
  });

  test('refuses a case with a member twice', () => {
    const text = `[{"template":{},"message":null,"message":{},"expect":{"measurements":[]}}]`;
    expect(runText(text).actual).toEqual({ caseInvalid: true, problems: ['message: this member comes twice'] });
  });
});

test('a template is compiled once, whatever the number of its cases', () => {
  const runCase = createCaseRunner();
  const read = readCaseFile(
    JSON.stringify([1, 2].map(() => ({ templateText: '{}', expect: { templateInvalid: true } }))),
  );
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

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'lossless-json';
import type { Observation } from 'fhir/r4.js';
import { IngestError } from '../../../core/errors.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import type { ObservationTemplate } from '../../../templates/fhir-mapping/load.ts';
import { r4Issues } from '../../support/fhir-validation.ts';
import {
  createOne,
  IDS,
  instant,
  mappingText,
  measured,
  mergeOne,
  stored,
  storedText,
  templateOf,
  uncheckedTemplateOf,
} from '../../support/fhir-mapping.ts';

const hourly = (valueType: string, options = {}): ObservationTemplate =>
  templateOf({ periodInterval: 60, value: { valueType, valueName: 'v' } }, options);

/** Enqueued the day after it was taken. */
const INGESTED = { ingestionTimeUtc: '2024-03-02T00:00:05Z' };

const TYPES = [
  {
    valueType: 'Boolean',
    element: 'valueBoolean',
    code: 'VALUE_NOT_BOOLEAN',
    taken: [
      ['True', true],
      ['False', false],
      ['tRUE', true],
      ['false', false],
      ['1', true],
      ['0', false],
      [' true\n', true],
    ],
    refused: [
      '',
      ' ',
      'yes',
      'on',
      't',
      '2',
      '-1',
      '1.0',
      '01',
      'truefalse',
      'true false',
      'true1',
      '１',
      'null',
      '"true"',
    ],
  },
  {
    valueType: 'Integer',
    element: 'valueInteger',
    code: 'VALUE_NOT_INTEGER',
    taken: [
      ['72', 72],
      ['-3', -3],
      ['72.0', 72],
      ['72.', 72],
      [' 72 ', 72],
      ['+5', 5],
      ['5-', -5],
      ['-0', 0],
      ['0.000', 0],
      ['007', 7],
      ['1,024', 1024],
      ['1E+01', 10],
      ['12.5e1', 125],
      ['1500e-2', 15],
      ['0e9999', 0],
      ['2147483647', 2147483647],
      ['-2147483648', -2147483648],
    ],
    refused: [
      ...['', ' ', '72.5', '1E-05', '2147483648', '-2147483649', '2147483647.1', '1e400', '1e9999', '-1e10'],
      ...['1e99999', '7 2', '0x10', 'NaN', 'Infinity', '١', '७', '--5', '+-5', '½', 'E', '9'.repeat(5000)],
    ],
  },
  {
    valueType: 'DateTime',
    element: 'valueDateTime',
    code: 'VALUE_NOT_DATE_TIME',
    taken: [
      ['2022-11-09T08:07:06Z', '2022-11-09T08:07:06.0000000Z'],
      ['2022-11-09T08:07:06.1234567+02:00', '2022-11-09T06:07:06.1234567Z'],
      ['Wed, 09 Nov 2022 08:07:06 GMT', '2022-11-09T08:07:06.0000000Z'],
      ['11/9/2022 8:07 PM', '2022-11-09T20:07:00.0000000Z'],
      ['/Date(1667981226500)/', '2022-11-09T08:07:06.5000000Z'],
      [' 2022-11-09 ', '2022-11-09T00:00:00.0000000Z'],
      ['08:07', '2024-03-02T08:07:00.0000000Z'],
      ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.0000000Z'],
      ['9999-12-31T23:59:59.9999999Z', '9999-12-31T23:59:59.9999999Z'],
    ],
    refused: [
      ...['', ' ', 'yesterday', '2022', '1667981226', '1667981226500', '2022-02-30T00:00:00Z', '25:00'],
      ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+01:00', '9999-12-31T23:59:59-01:00', '10000-01-01T00:00:00Z'],
      ...['٢٠٢٢-١١-٠٩', '2022-11-09T08:07:60Z', `2022-11-09${' '.repeat(5000)}x`],
    ],
  },
] as const;

describe.each(TYPES)('$valueType', ({ valueType, element, code, taken, refused }) => {
  const template = hourly(valueType);
  const [[first, written], [second]] = taken;

  test.each(taken.map(([text, value]) => ({ text, value })))('takes "$text" as $value', ({ text, value }) => {
    const measurement = measured(0, { v: text }, INGESTED);
    expect(template.judge(measurement)).toBeUndefined();
    expect(valueIn(createOne(template, measurement), element)).toBe(value);
  });

  test.each(refused.map((text) => ({ text })))('refuses "$text", and does not repeat it', ({ text }) => {
    const error = template.judge(measured(0, { v: text }));
    expect(error).toMatchObject({ code, kind: 'bad-data', details: { valueName: 'v' } });
    expect(error?.message).toBe(template.judge(measured(0, { v: '?' }))?.message);
  });

  test('a text that is taken is written, whatever it is', () => {
    const digits = fc.stringMatching(/^[ \t]?[-+]?[\d.,eETtrufals:/ zZ-]{0,24}[ \t]?$/);
    const spelled = taken.map(([text]) => text);
    const unchecked = uncheckedTemplateOf({ periodInterval: 60, value: { valueType, valueName: 'v' } });
    fc.assert(
      fc.property(fc.oneof(fc.string(), digits, fc.constantFrom(...spelled)), (text) => {
        const measurement = measured(0, { v: text }, INGESTED);
        if (unchecked.judge(measurement) !== undefined) return;
        expect(valueIn(createOne(unchecked, measurement), element)).toBeDefined();
      }),
      { numRuns: 2000 },
    );
  });

  test('is written as R4 has it', () => {
    const made = taken.map(([text]) => createOne(template, measured(0, { v: text }, INGESTED)));
    expect(made.flatMap((observation) => r4Issues(observation))).toEqual([]);
  });

  test('is a value type in any case, of a component too, and has no members of its own', () => {
    const value = { valueType: valueType.toUpperCase(), valueName: 'v', unit: 'ignored' };
    const component = templateOf({ components: [{ codes: [], value }] });
    const [part] = createOne(component, measured(0, { v: first }, INGESTED)).component ?? [];
    expect(part).toMatchObject({ [element]: written });
  });

  test('tells beside the value when it was measured and taken in', () => {
    const observation = createOne(template, measured(60, { v: first }, INGESTED));
    expect(observation).toMatchObject({
      [`_${element}`]: {
        extension: [
          {
            url: 'urn:iomt-fhir-connector-temporal:source-time',
            extension: [
              { url: 'occurrence', valueInstant: '2024-03-01T08:01:00.0000000Z' },
              { url: 'ingestion', valueInstant: '2024-03-02T00:00:05.0000000Z' },
            ],
          },
        ],
      },
    });
  });

  test.each([
    { name: 'a later reading replaces it', at: 120, text: second, outcome: 'updated' },
    { name: 'an earlier reading does not', at: 30, text: second, outcome: 'unchanged' },
    { name: 'the same reading changes nothing', at: 60, text: first, outcome: 'unchanged' },
    { name: 'another value of the same times replaces it', at: 60, text: second, outcome: 'updated' },
    { name: 'an equal value of a later reading is noted', at: 120, text: first, outcome: 'updated' },
  ])('$name', ({ at, text, outcome }) => {
    const given = stored(createOne(template, measured(60, { v: first }, INGESTED)));
    const merged = mergeOne(template, given, measured(at, { v: text }, INGESTED));
    const isSecond = outcome === 'updated' && text === second;
    const expected = isSecond ? createOne(template, measured(at, { v: second }, INGESTED)) : given;
    expect(merged.outcome).toBe(outcome);
    expect(String(valueIn(merged.resource, element))).toBe(String(valueIn(expected, element)));
  });

  test('an equal value without source time, as a server that strips extensions answers it, is no change', () => {
    const stripped = withoutMembers(createOne(template, measured(60, { v: first }, INGESTED)), `_${element}`);
    expect(mergeOne(template, stored(stripped), measured(0, { v: first }, INGESTED)).outcome).toBe('unchanged');
    const merged = mergeOne(template, stored(stripped), measured(0, { v: second }, INGESTED));
    expect(valueIn(merged.resource, element)).not.toBe(written);
  });

  test('a server that keeps milliseconds makes no new version of a repetition', () => {
    const reading = measured(0, { v: first }, { ...INGESTED, occurrenceTimeUtc: '2024-03-01T08:00:00.1234567Z' });
    const cut = (stringify(createOne(template, reading)) ?? '').replace(/(\.\d{3})\d{4}Z/g, '$1Z');
    expect(mergeOne(template, storedText(cut), reading).outcome).toBe('unchanged');
  });

  test.each([
    '"5"',
    '"true"',
    '"2022"',
    '"x"',
    '""',
    '5.5',
    '1e99999',
    '{}',
    '[]',
    '[true]',
    '"0000-01-01"',
    'true',
    '-1',
  ])('what else a server answers in its place gives way to a later reading, and stays before an older: %s', (json) => {
    const made = withoutMembers(createOne(template, measured(60, { v: first }, INGESTED)), element);
    const damaged = storedText(`${(stringify(made) ?? '').slice(0, -1)},"${element}":${json}}`);
    const later = measured(61, { v: second }, INGESTED);
    const { resource: observation, outcome } = mergeOne(template, damaged, later);
    expect(outcome).toBe('updated');
    expect(valueIn(observation, element)).toBe(valueIn(createOne(template, later), element));
    expect(mergeOne(template, damaged, measured(59, { v: second }, INGESTED)).outcome).toBe('unchanged');
  });
});

describe('a stored value is compared', () => {
  test.each([
    { name: 'an integer', valueType: 'Integer', text: '72', given: '"valueInteger":72.0' },
    { name: 'a dateTime in another zone', given: '"valueDateTime":"2022-11-09T10:07:06.5+02:00"' },
    { name: 'a dateTime without its zeros', given: '"valueDateTime":"2022-11-09T08:07:06.5Z"' },
    { name: 'a dateTime in milliseconds', given: '"valueDateTime":"2022-11-09T08:07:06.500Z"' },
    { name: 'a dateTime with zeros beyond ours', given: '"valueDateTime":"2022-11-09T08:07:06.5000000000+00:00"' },
  ])('$name: by what it means', ({ valueType = 'DateTime', text = '2022-11-09T08:07:06.5Z', given }) => {
    const { resourceType, status, effectivePeriod } = createOne(hourly('String'), measured(0, { v: 'x' }));
    const head = stringify({ resourceType, status, effectivePeriod }) ?? '';
    const answered = storedText(`${head.slice(0, -1)},${given}}`);
    expect(mergeOne(hourly(valueType), answered, measured(0, { v: text })).outcome).toBe('unchanged');
    const other = valueType === 'Integer' ? '73' : '2022-11-09T08:07:06.6Z';
    expect(mergeOne(hourly(valueType), answered, measured(0, { v: other })).outcome).toBe('updated');
  });
});

test('a dateTime is written at the precision of the mapping, rounded towards the past', () => {
  const template = hourly('DateTime', { timePrecision: 'ms' });
  const reading = measured(0, { v: '2022-11-09T08:07:06.1239999Z' });
  const observation = createOne(template, reading);
  expect(observation.valueDateTime).toBe('2022-11-09T08:07:06.123Z');
  expect(mergeOne(template, stored(observation), reading).outcome).toBe('unchanged');
});

test('one bad value refuses its measurement alone, where the others of the hour are fine', () => {
  const template = hourly('Integer');
  expect([measured(0, { v: '1' }), measured(1, { v: '1.5' })].map((each) => template.judge(each)?.code)).toEqual([
    undefined,
    'VALUE_NOT_INTEGER',
  ]);
});

test.each(['Decimal', 'Bool', 'Time', 'Period', ''])('the value type %s is not known', (valueType) => {
  const loaded = loadFhirMapping(mappingText({ typeName: 'x', codes: [], value: { valueType, valueName: 'v' } }));
  expect(loaded).toMatchObject({ ok: false, issues: [{ code: 'TEMPLATE_VALUE_TYPE_UNKNOWN' }] });
});

test.each([
  { valueType: 'Quantity', text: '1', given: '"valueQuantity":{"value":1e99999}' },
  { valueType: 'Quantity', text: '1', given: '"valueQuantity":{"value":"2"}' },
  { valueType: 'String', text: 'x', given: '"valueString":" "' },
  { valueType: 'Boolean', text: '1', given: '"valueBoolean":"false"' },
  { valueType: 'Integer', text: '1', given: '"valueInteger":5.5' },
  { valueType: 'DateTime', text: '2024-03-01', given: '"valueDateTime":"0001-01-01T00:00:00+14:00"' },
])('of another version, a value that no reading can be is not taken over: $given', ({ valueType, text, given }) => {
  const template = hourly(valueType);
  const [group] = template.group([measured(0, { v: text })]);
  const made = createOne(template, measured(0, { v: text }));
  const bare = stringify(withoutMembers(made, `value${valueType}`)) ?? '';
  const other = storedText(`${bare.slice(0, -1)},${given}}`);
  expect(template.join(group!, IDS, stored(made), other).outcome).toBe('unchanged');
});

test('whatever two versions of an Observation hold, they are joined or wait', () => {
  const kinds = ['Boolean', 'Integer', 'DateTime', 'String', 'Quantity'];
  const of = (valueType: string) => ({ valueType, valueName: valueType });
  const template = uncheckedTemplateOf({
    periodInterval: 60,
    value: { valueType: 'SampledData', valueName: 's', defaultPeriod: 600_000, origin: 1, factor: 2 },
    components: kinds.map((valueType) => ({ codes: [], value: of(valueType) })),
  });
  const texts = { Boolean: '1', Integer: '1', DateTime: '08:00', String: 'x', Quantity: '1', s: '1' };
  const group = template.group([measured(0, texts)])[0]!;
  const whole = stringify(template.create(group, IDS, instant(0))) ?? '';
  const elements = ['valueBoolean', 'valueInteger', 'valueDateTime', 'valueString', 'origin', 'factor', 'data', 'unit'];
  const odd = [
    'null',
    '1e99999',
    '-0',
    '5.5',
    '""',
    '" "',
    '"5"',
    '"0000-01-01"',
    '{}',
    '[1]',
    'true',
    '{"value":"x"}',
  ];
  const oddDate = ['"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"2024"', '"2024-13"'];
  const damage = fc.dictionary(fc.constantFrom(...elements, 'value'), fc.constantFrom(...odd, ...oddDate), {
    maxKeys: 4,
  });
  const member = new RegExp(`"(${[...elements, 'value'].join('|')})":("[^"]*"|[-\\d.]+|true)`, 'g');
  const damaged = (parts: Readonly<Record<string, string>>): Observation =>
    storedText(whole.replace(member, (_, name: string, json: string) => `"${name}":${parts[name] ?? json}`));
  fc.assert(
    fc.property(damage, damage, (left, right) => {
      try {
        const { outcome } = template.join(group, IDS, damaged(left), damaged(right));
        expect(outcome).toMatch(/updated|unchanged/);
      } catch (error) {
        if (!(error instanceof IngestError)) throw error;
        expect(error.kind).toBe('waiting');
      }
    }),
    { numRuns: 2000 },
  );
});

function withoutMembers(observation: Observation, ...names: string[]): object {
  return Object.fromEntries(Object.entries(observation).filter(([name]) => !names.includes(name)));
}

function valueIn(observation: Observation, element: string): unknown {
  return (observation as unknown as Record<string, unknown>)[element];
}

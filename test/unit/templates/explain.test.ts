import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'lossless-json';
import type { JsonObject, JsonValue } from '../../../core/device-message.ts';
import { IngestError } from '../../../core/errors.ts';
import { explanationJson } from '../../../templates/device-content/explanation.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import type { DeviceContent } from '../../../templates/device-content/load.ts';
import { parseMessageBody } from '../../../templates/device-content/message-body.ts';
import { Budget } from '../../../templates/expression/budget.ts';
import { compileExpression } from '../../../templates/expression/expression.ts';
import type { ExpressionLanguage } from '../../../templates/expression/expression.ts';
import { JMES_FUNCTIONS } from '../../../templates/expression/jmes-functions.ts';
import { compileJmesPath } from '../../../templates/expression/jmes-path.ts';
import { parseJmesPath } from '../../../templates/expression/jmes-path-parser.ts';
import { JmesText } from '../../../templates/expression/jmes-text.ts';
import { JmesTrace } from '../../../templates/expression/jmes-trace.ts';
import { Run } from '../../../templates/expression/run.ts';
import { bodyBytes } from './body-arbitraries.ts';
import { contentFile, jmesPath, jsonPath, message, steadyContentFile } from './template-arbitraries.ts';

const context = { enqueuedAt: '2024-05-06T07:08:09.1Z' };

const root = {
  Body: {
    deviceId: 'd',
    readings: [
      { heartrate: 70, at: '2024-05-06', type: 'pulse' },
      { heartrate: 71, Heart_Rate: 5, bp: { systolic: 120 }, list: [] },
    ],
  },
  Properties: {},
  SystemProperties: { 'x-opt-offset': '1' },
};

const explain = (text: string, language: ExpressionLanguage = 'JsonPath', of: JsonValue = root) =>
  compileExpression(text, language).explain(of);

describe('an explanation of a JSONPath', () => {
  test('shows what each step found, and where', () => {
    expect(explain('$.Body.readings[*].at').steps).toEqual([
      { text: '.Body', count: 1, values: [root.Body], paths: ['$.Body'] },
      { text: '.readings', count: 1, values: [root.Body.readings], paths: ['$.Body.readings'] },
      { text: '[*]', count: 2, values: root.Body.readings, paths: ['$.Body.readings[0]', '$.Body.readings[1]'] },
      { text: '.at', count: 1, values: ['2024-05-06'], paths: ['$.Body.readings[0].at'] },
    ]);
  });

  test('ends with the first step that found nothing', () => {
    const { steps, emptyAt } = explain('$.Body.reading[*].at');
    expect(steps.map(({ text, count }) => [text, count])).toEqual([
      ['.Body', 1],
      ['.reading', 0],
    ]);
    expect(emptyAt).toBe(1);
  });

  test('shows what a filter asks, each on its own', () => {
    expect(explain("$.Body.readings[?(@type == 'Pulse' && @bp)]").steps.at(-1)).toEqual({
      text: "[?(@type == 'Pulse' && @bp)]",
      count: 0,
      values: [],
      paths: [],
      tests: [
        { text: "@type == 'Pulse'", candidateCount: 2, passedCount: 0, values: ['pulse'] },
        { text: '@bp', candidateCount: 2, passedCount: 1, values: [{ systolic: 120 }] },
      ],
    });
  });

  test('shows ten of many values, and counts all', () => {
    const [step] = explain(
      '$[*]',
      'JsonPath',
      Array.from({ length: 1000 }, (_, index) => index),
    ).steps;
    expect(step).toMatchObject({ count: 1000, values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
  });

  test('ends where it would take too long', () => {
    const wide = Array.from({ length: 2000 }, () => [1, 2, 3]);
    expect(explain(`$..[?($..[?(@ == 4)])]`, 'JsonPath', wide)).toMatchObject({
      steps: [],
      failure: { code: 'LIMIT_EXCEEDED' },
    });
  });

  test('finds the same as the compiled path, and where it is', () => {
    fc.assert(
      fc.property(jsonPath, message, (text, of) => {
        const path = compileExpression(text, 'JsonPath');
        const matches = path.matches(new Run(of, new Budget()));
        const { steps, emptyAt, failure } = path.explain(of);
        fc.pre(failure?.code !== 'LIMIT_EXCEEDED');
        expect(emptyAt !== undefined).toBe(matches.length === 0);
        const last = steps.at(-1) ?? { count: 1, values: [of], paths: ['$'] };
        expect(last).toMatchObject({ count: matches.length });
        expect(last.values).toEqual(matches.slice(0, 10));
        for (const [index, where] of (last.paths ?? []).entries()) {
          expect(compileExpression(where, 'JsonPath').value(of, new Budget())).toBe(matches[index]);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('an explanation of a JMESPath', () => {
  test('shows what each part yields, the inner before the outer', () => {
    const { steps } = explain('add(Body.readings[0].heartrate, length(Body.readings[?bp]))', 'JmesPath');
    expect(steps.map(({ text, count, values: [value] }) => [text, count, value])).toEqual([
      ['Body', 1, root.Body],
      ['Body.readings', 1, root.Body.readings],
      ['Body.readings[0]', 1, root.Body.readings[0]],
      ['Body.readings[0].heartrate', 1, 70],
      ['Body', 1, root.Body],
      ['Body.readings', 1, root.Body.readings],
      ['Body.readings[?bp]', 1, root.Body.readings[1]],
      ['length(Body.readings[?bp])', 1, 1],
      ['add(Body.readings[0].heartrate, length(Body.readings[?bp]))', 1, 71],
    ]);
  });

  test('names the first part that yields nothing, though the parts behind it do as well', () => {
    const { steps, emptyAt } = explain('Body.readings[].bp.mean | [0]', 'JmesPath');
    expect(steps[emptyAt ?? -1]).toEqual({ text: 'Body.readings[].bp.mean', count: 0, values: [] });
  });

  test('names none where another part makes up for it', () => {
    expect(explain('Body.id || Body.deviceId', 'JmesPath')).not.toHaveProperty('emptyAt');
  });

  test('names none where the result is a list without elements, unless it is a projection', () => {
    expect(explain('(Body.readings[*].gone)', 'JmesPath')).not.toHaveProperty('emptyAt');
    expect(explain('Body.readings[*].gone', 'JmesPath')).toHaveProperty('emptyAt', 3);
  });

  test('shows what a filter asks, each on its own', () => {
    const { steps } = explain("Body.readings[?type == 'Pulse' && abs(heartrate) > `70`].at", 'JmesPath');
    expect(steps[2]).toMatchObject({
      count: 0,
      tests: [
        { text: "type == 'Pulse'", candidateCount: 2, passedCount: 0 },
        { text: 'abs(heartrate) > `70`', candidateCount: 2, passedCount: 1 },
      ],
    });
  });

  test('shows the part that failed, why, and what was missing', () => {
    expect(explain('divide(Body.readings[0].heartrate, Body.count)', 'JmesPath')).toMatchObject({
      failure: { code: 'EXPRESSION_FAILED', message: 'divide() takes a number as argument 2' },
      steps: expect.arrayContaining([
        { text: 'Body.count', count: 0, values: [] },
        { text: 'divide(Body.readings[0].heartrate, Body.count)', count: 0, values: [] },
      ]),
      nearest: expect.arrayContaining([{ path: 'Body.deviceId', kind: 'there' }]),
    });
  });

  test('yields what the compiled expression yields', () => {
    fc.assert(
      fc.property(jmesPath, message, (text, of) => {
        const { tree, literals } = parseJmesPath(text);
        const trace = new JmesTrace(literals, JMES_FUNCTIONS, new Run(of, new Budget()), { steps: [] });
        const compiled = compileJmesPath({ tree, literals }, JMES_FUNCTIONS);
        const expected = outcomeOf(() => compiled(of, new Budget()).value);
        expect(outcomeOf(() => trace.of(tree, [of])[0])).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  test('writes parts as they were written, but for spaces', () => {
    fc.assert(
      fc.property(jmesPath, (text) => {
        const parsed = parseJmesPath(text);
        expect(parseJmesPath(new JmesText(parsed.literals).of(parsed.tree))).toEqual(parsed);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('where nothing is found, the nearest paths are', () => {
  test.each<{ name: string; text: string; language?: ExpressionLanguage; nearest: readonly [string, string][] }>([
    {
      name: 'near misses of a name, then whatever is there',
      text: '$.Body.readings[1].heartRate',
      nearest: [
        ['$.Body.readings[1].heartrate', 'case'],
        ['$.Body.readings[1].Heart_Rate', 'spelling'],
        ['$.Body.readings[1].bp', 'there'],
        ['$.Body.readings[1].list', 'there'],
      ],
    },
    {
      name: 'for a recursive filter, among all members below',
      text: '$..[?(@heartRate)]',
      nearest: [
        ['$.Body.readings[0].heartrate', 'case'],
        ['$.Body.readings[1].Heart_Rate', 'spelling'],
        ['$.Body.deviceId', 'there'],
        ['$.Body.readings[0].at', 'there'],
        ['$.Body.readings[0].type', 'there'],
        ['$.Body.readings[1].bp.systolic', 'there'],
        ['$.SystemProperties.x-opt-offset', 'there'],
      ].map(([path = '', kind = '']) => [path, kind]),
    },
    {
      name: 'the name elsewhere',
      text: '$.Body.type',
      nearest: [
        ['$.Body.readings[0].type', 'elsewhere'],
        ['$.Body.deviceId', 'there'],
        ['$.Body.readings', 'there'],
      ],
    },
    {
      name: 'an element where a member was asked of a list',
      text: '$.Body.readings.mean',
      nearest: [['$.Body.readings[0]', 'there']],
    },
    {
      name: 'what is behind the part of a filter’s path that exists',
      text: '$.Body.readings[?(@bp.sys)]',
      nearest: [['$.Body.readings[1].bp.systolic', 'spelling']],
    },
    { name: 'none, where only the values differ', text: "$.Body.readings[?(@type == 'x')]", nearest: [] },
    {
      name: 'of a JMESPath, as JMESPath',
      text: 'SystemProperties."x-opt-Offset"',
      language: 'JmesPath',
      nearest: [['SystemProperties."x-opt-offset"', 'case']],
    },
    {
      name: 'of a JMESPath, for what its filter asks',
      text: 'Body.readings[?heartRate > `50`]',
      language: 'JmesPath',
      nearest: [
        ['Body.readings[0].heartrate', 'case'],
        ['Body.readings[1].Heart_Rate', 'spelling'],
        ['Body.readings[0].at', 'there'],
        ['Body.readings[0].type', 'there'],
        ['Body.readings[1].bp', 'there'],
        ['Body.readings[1].list', 'there'],
      ],
    },
  ])('$name: $text', ({ text, language, nearest }) => {
    expect(explain(text, language).nearest.map(({ path, kind }) => [path, kind])).toEqual(nearest);
  });

  test('in matchedToken where the expression looks there, though the match is in the body too', () => {
    const scope = { ...root, matchedToken: root.Body.readings[0] ?? null };
    expect(explain('matchedToken.heartRate', 'JmesPath', scope).nearest[0]).toEqual({
      path: 'matchedToken.heartrate',
      kind: 'case',
    });
  });

  test('paths that exist', () => {
    const written = fc.oneof(
      jsonPath.map((text) => ({ text, language: 'JsonPath' as const })),
      jmesPath.map((text) => ({ text, language: 'JmesPath' as const })),
    );
    fc.assert(
      fc.property(written, message, ({ text, language }, of) => {
        for (const { path } of explain(text, language, of).nearest) {
          expect(compileExpression(path, language).value(of, new Budget())).toBeDefined();
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function load(...templates: readonly object[]): DeviceContent {
  const elements = templates.map((template) => ({ templateType: 'CalculatedContent', template }));
  return loadFile(JSON.stringify({ templateType: 'CollectionContent', template: elements }));
}

function loadFile(text: string): DeviceContent {
  const loaded = loadDeviceContent(text);
  if (!loaded.ok) throw new RangeError(JSON.stringify(loaded.issues));
  return loaded.template;
}

const template = {
  typeName: 'pulse',
  typeMatchExpression: '$.Body.readings[*]',
  deviceIdExpression: '$.Body.deviceId',
  timestampExpression: '$.matchedToken.at',
  values: [
    { valueName: 'pulse', valueExpression: '$.matchedToken.heartrate', required: true },
    { valueName: 'unit', valueExpression: '$.matchedToken.unit' },
    { valueName: 'bp', valueExpression: '$.matchedToken.bp' },
  ],
};

describe('an explanation of a message', () => {
  test('says for each match what each member selected, what became of it, and the measurement', () => {
    const { outcome, templates } = load(template).explain(
      { ...root, Body: { deviceId: 'd', readings: [root.Body.readings[0] ?? null] } },
      context,
    );
    const measurement = {
      type: 'pulse',
      deviceId: 'd',
      occurrenceTimeUtc: '2024-05-06T00:00:00Z',
      ingestionTimeUtc: '2024-05-06T07:08:09.1Z',
      properties: [{ name: 'pulse', value: '70' }],
    };
    expect(outcome).toEqual({ measurements: [measurement] });
    expect(templates).toMatchObject([{ index: 0, typeName: 'pulse', matchCount: 1 }]);
    const [match] = templates[0]?.matches ?? [];
    expect(match).toMatchObject({ index: 0, match: root.Body.readings[0], outcome: { measurement } });
    expect(match?.members.map(({ expression: _, ...member }) => member)).toEqual([
      { member: 'deviceIdExpression', isRequired: true, result: { kind: 'text', text: 'd' } },
      { member: 'timestampExpression', isRequired: true, result: { kind: 'text', text: '2024-05-06T00:00:00Z' } },
      value(0, 'pulse', true, { kind: 'text', text: '70' }),
      value(1, 'unit', false, { kind: 'absent', reason: 'nothing found' }),
      value(2, 'bp', false, { kind: 'absent', reason: 'nothing found' }),
    ]);
  });

  test('says which member failed and why, and goes on behind it', () => {
    const { outcome, templates } = load(template, { ...template, typeName: 'again' }).explain(root, context);
    const failure = {
      code: 'REQUIRED_VALUE_MISSING',
      details: { templateIndex: 0, typeName: 'pulse', member: 'timestampExpression', expression: '$.matchedToken.at' },
    };
    expect(outcome).toMatchObject({ failure });
    expect(templates.map(({ matchCount }) => matchCount)).toEqual([2, 2]);
    const [fine, failed] = templates[0]?.matches ?? [];
    expect(fine?.outcome).toHaveProperty('measurement');
    expect(failed?.outcome).toMatchObject({ failure });
    expect(failed?.members[1]).toMatchObject({
      result: { kind: 'failed', code: 'REQUIRED_VALUE_MISSING' },
      expression: { emptyAt: 1, nearest: [{ path: '$.Body.readings[0].at', kind: 'elsewhere' }, {}, {}, {}, {}] },
    });
    expect(failed?.members.at(-1)).toMatchObject({ result: { kind: 'absent', reason: 'an object found' } });
  });

  test('shows the first ten matches, and the first that failed', () => {
    const readings = Array.from({ length: 30 }, (_, index) => ({ at: index === 20 ? 'soon' : '07:30', heartrate: 1 }));
    const [explained] = load(template).explain({ Body: { deviceId: 'd', readings } }, context).templates;
    expect(explained?.matches.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20]);
  });

  test('shows each timestamp of IoT Hub that is tried', () => {
    const content = loadFile(
      JSON.stringify({
        templateType: 'CollectionContent',
        template: [
          { templateType: 'IotJsonPathContent', template: { typeName: 'pulse', typeMatchExpression: '$', values: [] } },
        ],
      }),
    );
    const system = { 'iothub-connection-device-id': 'd', 'iothub-enqueuedtime': '2024-05-06' };
    const message = { Body: {}, Properties: { 'iothub-creation-time-utc': 5 }, SystemProperties: system };
    const [explained] = content.explain(message, context).templates;
    expect(explained?.matches[0]?.members.map(({ isRequired, result }) => [isRequired, result])).toEqual([
      [true, { kind: 'text', text: 'd' }],
      [false, { kind: 'absent', reason: 'no date and time found' }],
      [true, { kind: 'text', text: '2024-05-06T00:00:00Z' }],
    ]);
  });

  // Messages as objects, and as bytes that may hold NaN, or names in an order that only a proxy can keep.
  const parsed = fc
    .tuple(bodyBytes, fc.constantFrom('strict', 'lenient'))
    .map(([bytes, reader]) => bodyOf(bytes, reader));
  const anyMessage = fc.oneof(message, parsed);

  test('is plain data that agrees with what normalization does', () => {
    fc.assert(
      fc.property(fc.oneof(contentFile, steadyContentFile), anyMessage, (file, of) => {
        const content = loadFile(file);
        const explanation = content.explain(of, context);
        expect(structuredClone(explanation)).toEqual(explanation);
        expect(parse(explanationJson(explanation))).toHaveProperty('templates');
        const { outcome, templates } = explanation;
        expect(outcome).toEqual(normalized(content, of));
        const matchCount = templates.reduce((sum, template) => sum + template.matchCount, 0);
        if ('measurements' in outcome) expect(outcome.measurements).toHaveLength(matchCount);
        for (const { matchCount: count, typeMatch, failure } of templates) {
          // People wait less long than messages may take.
          if (typeMatch.failure?.code === 'LIMIT_EXCEEDED') continue;
          expect(typeMatch.emptyAt !== undefined && count > 0).toBe(false);
          expect(typeMatch.failure?.code).toBe(failure?.code);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('prints integers to the last digit, and what is no number as text', () => {
    const body = bodyOf(
      new TextEncoder().encode('{deviceId:9007199254740993, readings:[{at:"07:30", unit:NaN}]}'),
      'lenient',
    );
    const content = load({ ...template, values: [{ valueName: 'bp', valueExpression: '$.matchedToken.bp' }] });
    const text = explanationJson(content.explain(body, context));
    expect(text).toContain('"values":[9007199254740993]');
    expect(text).toContain('{"at":"07:30","unit":"NaN"}');
  });

  test('shows the beginning of what is long, and of what an expression doubles again and again', () => {
    const doubled = Array.from({ length: 40 }, () => '[@, @]').join(' | ');
    const { steps } = explain(`Body.text | ${doubled}`, 'JmesPath', { Body: { text: 'x'.repeat(2000) } });
    expect(steps[1]?.values).toEqual([`${'x'.repeat(1000)}…`]);
    expect(JSON.stringify(steps.at(-1)).length).toBeLessThan(600_000);
    const [all] = explain(
      '$',
      'JsonPath',
      Array.from({ length: 1000 }, (_, index) => ({ index })),
    ).steps;
    expect(all).toBeUndefined();
    const list = Array.from({ length: 1000 }, (_, index) => index);
    expect(explain('$.list', 'JsonPath', { list }).steps[0]?.values).toEqual([[...list.slice(0, 500), '…']]);
  });

  test('spends one budget on the matches of a template, however many fail, and a whole one on the next', () => {
    const value = { value: "contains(Body.text, 'y')", language: 'JmesPath' };
    const slow = { ...template, values: [{ valueName: 'slow', valueExpression: value }] };
    const readings = Array.from({ length: 9 }, () => ({ at: '07:30' }));
    const body = { deviceId: 'd', readings, text: 'x'.repeat(3_000_000) };
    const { templates } = load(slow, { ...slow, typeName: 'next' }).explain({ Body: body }, context);
    const [fine, failed] = [{ measurement: {} }, { failure: { code: 'LIMIT_EXCEEDED' } }];
    const outcomes = [fine, fine, fine, failed, failed, failed, failed, failed, failed];
    for (const { matches } of templates) {
      expect(matches).toMatchObject(outcomes.map((outcome) => ({ outcome })));
      expect(matches.map(({ members }) => members.at(-1)?.result.kind)).toEqual(
        outcomes.map((outcome) => (outcome === fine ? 'text' : 'failed')),
      );
    }
  });
});

/** A message with that body; one that cannot be read is the body null. */
function bodyOf(bytes: Uint8Array, reader: DeviceContent['bodyReader']): JsonObject {
  try {
    return { Body: parseMessageBody(bytes, reader), Properties: {}, SystemProperties: {} };
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return { Body: null };
  }
}

function value(index: number, valueName: string, isRequired: boolean, result: object): object {
  return { member: `values[${index}].valueExpression`, valueName, isRequired, result };
}

function normalized(content: DeviceContent, of: JsonObject): object {
  try {
    return { measurements: content.normalize(of, context) };
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return { failure: { code: error.code, message: error.message, details: error.details } };
  }
}

/** Of several failures either may come first: parts are evaluated in another order. */
function outcomeOf(evaluate: () => unknown): unknown {
  try {
    return { value: evaluate() };
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return 'failed';
  }
}

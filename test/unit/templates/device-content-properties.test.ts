import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../core/device-message.ts';
import { IngestError } from '../../../core/errors.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import type { DeviceContent } from '../../../templates/device-content/load.ts';
import { parseMessageBody } from '../../../templates/device-content/message-body.ts';
import { Budget } from '../../../templates/expression/budget.ts';
import { compileExpression } from '../../../templates/expression/expression.ts';
import type { Expression } from '../../../templates/expression/expression.ts';
import { Run } from '../../../templates/expression/run.ts';
import { bodyBytes } from './body-arbitraries.ts';
import { contentFile, jmesPath, jsonPath, message, steadyContentFile } from './template-arbitraries.ts';

const context = { enqueuedAt: '2024-05-06T07:08:09.1Z' };

function load(text: string): DeviceContent {
  const loaded = loadDeviceContent(text);
  if (!loaded.ok) throw new RangeError(JSON.stringify(loaded.issues));
  return loaded.template;
}

/** What is measured or evaluated, or the failure; anything but an IngestError goes on. */
function outcomeOf<Measured>(
  normalize: () => Measured,
): { measurements: Measured } | Pick<IngestError, 'code' | 'message' | 'details'> {
  try {
    return { measurements: normalize() };
  } catch (error) {
    if (!(error instanceof IngestError)) throw error;
    return { code: error.code, message: error.message, details: error.details };
  }
}

describe('normalization', () => {
  test('gives the same for a message each time, whatever came before it, and leaves it as it was', () => {
    fc.assert(
      fc.property(contentFile, message, message, (file, one, other) => {
        const content = load(file);
        const first = outcomeOf(() => content.normalize(deeplyFrozen(one), context));
        outcomeOf(() => content.normalize(deeplyFrozen(other), context));
        expect(outcomeOf(() => content.normalize(one, context))).toEqual(first);
        expect(outcomeOf(() => load(file).normalize(one, context))).toEqual(first);
      }),
      { numRuns: 300 },
    );
  });

  test('does for each template what it does for that template alone', () => {
    fc.assert(
      fc.property(contentFile, message, (file, one) => {
        const { template: templates } = JSON.parse(file) as { template: readonly object[] };
        const alone = templates.flatMap((template) => {
          const single = load(JSON.stringify({ templateType: 'CollectionContent', template: [template] }));
          const outcome = outcomeOf(() => single.normalize(one, context)) as {
            measurements?: unknown[];
            code?: string;
          };
          return outcome.measurements ?? [outcome.code];
        });
        const together = outcomeOf(() => load(file).normalize(one, context));
        const failure = alone.find((measured) => typeof measured === 'string');
        expect(together).toMatchObject(failure === undefined ? { measurements: alone } : { code: failure });
      }),
      { numRuns: 300 },
    );
  });

  test('ends for any bytes with measurements or an IngestError', () => {
    const counts = { measured: 0, failed: 0 };
    fc.assert(
      fc.property(
        fc.oneof(contentFile, { weight: 2, arbitrary: steadyContentFile }),
        bodyBytes,
        fc.constantFrom('strict', 'lenient'),
        (file, bytes, reader) => {
          const content = load(file);
          const outcome = outcomeOf(() => {
            const Body = parseMessageBody(bytes, reader);
            return content.normalize({ Body, Properties: {}, SystemProperties: {} }, context);
          });
          if ('code' in outcome) counts.failed += 1;
          else if (outcome.measurements.length > 0) counts.measured += 1;
        },
      ),
      { numRuns: 1000 },
    );
    // Else it would be about nothing.
    expect(counts.measured).toBeGreaterThan(100);
    expect(counts.failed).toBeGreaterThan(100);
  });

  test('counts the matches of templates with the same type match for each of them', () => {
    const template = {
      templateType: 'CalculatedContent',
      template: {
        typeName: 'pulse',
        typeMatchExpression: '$.Body[*]',
        deviceIdExpression: '$.matchedToken',
        timestampExpression: { value: "'2024-05-06'", language: 'JmesPath' },
        values: [],
      },
    };
    const content = load(JSON.stringify({ templateType: 'CollectionContent', template: [template, template] }));
    const normalize = (count: number) => content.normalize({ Body: Array.from({ length: count }, () => 'd') }, context);
    expect(normalize(5000)).toHaveLength(10_000);
    expect(() => normalize(5001)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', details: expect.objectContaining({ templateIndex: 1 }) }),
    );
  });
});

describe('an expression', () => {
  const expression = fc.oneof(
    jsonPath.map((text) => compileExpression(text, 'JsonPath')),
    jmesPath.map((text) => compileExpression(text, 'JmesPath')),
  );

  test('reads no more of a message than its budget and the message allow', () => {
    const limits = { stepCount: 200, matchCount: 20 };
    fc.assert(
      fc.property(expression, message, (compiled, root) => {
        const { counted, readCount } = readCounter(root);
        for (const evaluate of evaluations(compiled)) outcomeOf(() => evaluate(counted, new Budget(limits)));
        expect(readCount()).toBeLessThan(50 * (limits.stepCount + sizeOf(root)));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    {
      name: 'an object',
      expression: 'length(@)',
      element: Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`m${n}`, n])),
    },
    {
      name: 'an object in a condition',
      expression: "@ && 'x'",
      element: Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`m${n}`, n])),
    },
    { name: 'a text', expression: "contains(@, 'b')", element: 'a'.repeat(2000) },
    { name: 'a number in a text', expression: 'to_number(@)', element: '9'.repeat(2000) },
    { name: 'a long integer', expression: 'to_string(@)', element: 10n ** 2000n },
  ])('pays for the size of $name that it looks at again and again', ({ expression: each, element }) => {
    const repeated = `${Array.from({ length: 8 }, () => '[@, @][]').join(' | ')} | map(&(${each}), @)`;
    const compiled = compileExpression(`[@] | ${repeated}`, 'JmesPath');
    expect(() => compiled.value(element, new Budget({ stepCount: 100_000, matchCount: 1 }))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });

  test('pays for a long text that a filter compares with a number', () => {
    const compiled = compileExpression('$[?(@ > 5)]', 'JsonPath');
    const texts = Array.from({ length: 100 }, () => '9'.repeat(2000));
    expect(() => compiled.matches(new Run(texts, new Budget({ stepCount: 100_000, matchCount: 100 })))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });

  test('refuses to join what no text could hold', () => {
    const doubled = Array.from({ length: 20 }, () => '[@, @][]').join(' | ');
    const compiled = compileExpression(`[@] | ${doubled} | join('', @)`, 'JmesPath');
    expect(() => compiled.value('a'.repeat(1000), new Budget())).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });
});

describe('a device content file', () => {
  test('is loaded, or refused with places, whatever is changed in it', () => {
    const change = fc.record({
      at: fc.nat(),
      length: fc.nat(3),
      text: fc.constantFrom('', '"', '[', '}', '$..', '`', '\\', '&'),
    });
    fc.assert(
      fc.property(contentFile, fc.array(change, { maxLength: 3 }), (file, changes) => {
        const changed = changes.reduce((text, { at, length, text: inserted }) => {
          const start = at % (text.length + 1);
          return text.slice(0, start) + inserted + text.slice(start + length);
        }, file);
        const { issues } = loadDeviceContent(changed);
        for (const { line, column } of issues) expect(Math.min(line, column)).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('code in a template does not run:', () => {
  const marker = 'templateCodeRan';
  const code = `globalThis.${marker} = true`;
  const texts = [
    `$..[?(${code})]`,
    `$..[?(@.constructor.constructor('${code}')())]`,
    `$[(${code})]`,
    `$.Body[(@.constructor.constructor("${code}")())]`,
    `$..[?(@ =~ /(?{${code}})/)]`,
    '$.constructor.constructor',
    '$.Body.__proto__.constructor',
    `\${${code}}`,
    `constructor.constructor('${code}')`,
    `map(&constructor('${code}'), @)`,
    `to_string(\`"${code}"\`)`,
    '@.__proto__.constructor | keys(@)',
    `eval('${code}')`,
    `toString()`,
  ];
  const templateOf = (value: string, language: string) => ({
    templateType: 'CalculatedContent',
    template: {
      typeName: 'pulse',
      typeMatchExpression: { value, language },
      deviceIdExpression: { value, language },
      timestampExpression: { value, language },
      values: [{ valueName: 'v', valueExpression: { value, language }, required: true }],
    },
  });

  test.each(texts.flatMap((text) => ['JsonPath', 'JmesPath'].map((language) => ({ text, language }))))(
    '$text as $language is refused, or reads the message and nothing else',
    ({ text, language }) => {
      const loaded = loadDeviceContent(
        JSON.stringify({ templateType: 'CollectionContent', template: [templateOf(text, language)] }),
      );
      const body = { constructor: code, toString: code };
      if (loaded.ok) {
        outcomeOf(() => loaded.template.normalize({ Body: body }, context));
        loaded.template.explain({ Body: body }, context);
      }
      expect(Object.hasOwn(globalThis, marker)).toBe(false);
    },
  );

  test('names that every JavaScript object has find nothing', () => {
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'length'];
    for (const name of names) {
      expect(compileExpression(`$.${name}`, 'JsonPath').value({}, new Budget())).toBeUndefined();
      expect(compileExpression(`$..${name}`, 'JsonPath').value({ a: ['x'] }, new Budget())).toBeUndefined();
      expect(compileExpression(name, 'JmesPath').value({}, new Budget())).toBeUndefined();
    }
  });
});

function evaluations(expression: Expression) {
  return [
    (root: JsonValue, budget: Budget) => expression.matches(new Run(root, budget)),
    (root: JsonValue, budget: Budget) => expression.value(root, budget),
  ];
}

function deeplyFrozen<Value extends JsonValue>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deeplyFrozen);
  return value;
}

function sizeOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value as JsonObject).reduce<number>((size, child) => size + sizeOf(child), 1);
}

/** A copy of a value that counts how often any of its members or elements is read. */
function readCounter(root: JsonObject): { counted: JsonValue; readCount: () => number } {
  let reads = 0;
  const known = new Map<unknown, unknown>();
  const watch = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const watched: unknown = known.get(value) ?? new Proxy(value, { get: read });
    known.set(value, watched);
    return watched;
  };
  const read = (target: object, name: string | symbol): unknown => {
    reads += 1;
    const found: unknown = Reflect.get(target, name);
    return Object.hasOwn(target, name) ? watch(found) : found;
  };
  return { counted: watch(root) as JsonValue, readCount: () => reads };
}

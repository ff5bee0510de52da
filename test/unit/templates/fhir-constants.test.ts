import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Observation, ObservationComponent } from 'fhir/r4.js';
import { stringify } from 'lossless-json';
import type { Measurement } from '../../../core/measurement.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';
import type { ObservationTemplate } from '../../../templates/fhir-mapping/load.ts';
import { COMPONENT_CONSTANTS, CONSTANTS } from '../../support/fhir-constants.ts';
import {
  createOne,
  deliver,
  IDS,
  mappingText,
  measured,
  mergeOne,
  stored,
  templateOf,
} from '../../support/fhir-mapping.ts';
import { r4Issues } from '../../support/fhir-validation.ts';
import { variants } from '../../support/json-variants.ts';

const HOUR = { start: '2024-03-01T08:00:00.0000000Z', end: '2024-03-01T08:59:59.9999999Z' };
const BASE = { resourceType: 'Observation', status: 'final', code: { text: 'x' } } as const;
const hour = (members: object) => stored({ ...BASE, effectivePeriod: HOUR, ...members });
const quantity = (valueName: string) => ({ valueType: 'Quantity', valueName, unit: 'u' });
const named = (code: string) => ({
  code: { coding: [{ system: 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/', code }] },
});

describe('an Observation carries', () => {
  test('every constant of its mapping, and each component its own', () => {
    const template = templateOf({
      ...CONSTANTS,
      components: [{ codes: [], value: quantity('q'), ...COMPONENT_CONSTANTS }],
    });
    const made = createOne(template, measured(0, { q: '1' }));
    expect(plain(made)).toMatchObject({ ...CONSTANTS, component: [COMPONENT_CONSTANTS] });
    expect(template.lineage.isCreate(made)).toBe(true);
    expect(template.lineage.isCreate({ ...made, hasMember: [{ display: 'by hand' }] })).toBe(false);
  });

  test('numbers with the digits that the mapping has, and names as FHIR spells them', () => {
    const text = mappingText({ typeName: 'x', codes: [], value: quantity('q'), REFERENCERANGE: ['here'] }).replace(
      '"here"',
      '{ "low": { "value": 22.40 }, "high": { "value": 1e2 } }',
    );
    const loaded = loadFhirMapping(text);
    const template = loaded.ok ? (loaded.template.forType('x') as ObservationTemplate) : undefined;
    expect(stringify(createOne(template!, measured(0, { q: '1' })))).toContain(
      '"referenceRange":[{"low":{"value":22.40},"high":{"value":1e2}}]',
    );
  });

  test('none that the mapping says is null', () => {
    const made = createOne(templateOf({ method: null, meta: null, value: quantity('q') }), measured(0, { q: '1' }));
    expect(made).not.toHaveProperty('method');
    expect(made).not.toHaveProperty('meta');
  });
});

describe('is rejected at its place:', () => {
  const coding = { system: 'urn:s', code: 'c' };
  test.each([
    { name: 'no list', constants: { note: { text: 'x' } }, at: '/note', code: 'TEMPLATE_MEMBER_KIND' },
    { name: 'a list', constants: { method: [{ text: 'x' }] }, at: '/method', code: 'TEMPLATE_MEMBER_KIND' },
    { name: 'an empty list', constants: { note: [] }, at: '/note', code: 'TEMPLATE_MEMBER_INVALID' },
    { name: 'an empty object', constants: { method: {} }, at: '/method', code: 'TEMPLATE_MEMBER_INVALID' },
    {
      name: 'an empty object, deep',
      constants: { method: { coding: [{}] } },
      at: '/method/coding/0',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    { name: 'an empty text', constants: { method: { text: '' } }, at: '/method/text', code: 'TEMPLATE_MEMBER_BLANK' },
    { name: 'null', constants: { method: { text: null } }, at: '/method/text', code: 'TEMPLATE_MEMBER_KIND' },
    { name: 'a number as text', constants: { method: { text: 1 } }, at: '/method/text', code: 'TEMPLATE_MEMBER_KIND' },
    {
      name: 'the member of a mapping’s code list',
      constants: { bodySite: { codes: [coding] } },
      at: '/bodySite/codes',
      code: 'TEMPLATE_MEMBER_UNKNOWN',
    },
    {
      name: 'an element in another case',
      constants: { bodySite: { Text: 'arm' } },
      at: '/bodySite/Text',
      code: 'TEMPLATE_MEMBER_UNKNOWN',
    },
    {
      name: 'a code with two spaces',
      constants: { meta: { tag: [{ code: 'a  b' }] } },
      at: '/meta/tag/0/code',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'a meta that is the server’s',
      constants: { meta: { versionId: '1' } },
      at: '/meta/versionId',
      code: 'TEMPLATE_MEMBER_UNKNOWN',
    },
    {
      name: 'a note without text',
      constants: { note: [{ time: '2024' }] },
      at: '/note/0',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'a note of two authors',
      constants: { note: [{ text: 'x', authorString: 'a', authorReference: { display: 'b' } }] },
      at: '/note/0',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'a time that is none',
      constants: { note: [{ text: 'x', time: 'today' }] },
      at: '/note/0/time',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'a performer that may not be one',
      constants: { performer: [{ reference: 'Device/1' }] },
      at: '/performer/0/reference',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'an extension without url',
      constants: { extension: [{ valueString: 'x' }] },
      at: '/extension/0',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'an extension that says nothing',
      constants: { extension: [{ url: 'urn:e' }] },
      at: '/extension/0',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'an extension with a value and extensions',
      constants: { extension: [{ url: 'urn:e', valueString: 'x', extension: [{ url: 'urn:f', valueCode: 'y' }] }] },
      at: '/extension/0',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'an extension with two values',
      constants: { extension: [{ url: 'urn:e', valueString: 'x', valueCode: 'y' }] },
      at: '/extension/0',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'an integer with a fraction',
      constants: { extension: [{ url: 'urn:e', valueInteger: 1.5 }] },
      at: '/extension/0/valueInteger',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'nothing in a type that is not described',
      constants: { extension: [{ url: 'urn:e', valueTiming: { event: [] } }] },
      at: '/extension/0/valueTiming/event',
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    {
      name: 'a range without low, high and text',
      constants: { referenceRange: [{ type: { text: 'x' } }] },
      at: '/referenceRange/0',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'a unit’s code without its system',
      constants: { referenceRange: [{ low: { value: 1, code: 'kg' } }] },
      at: '/referenceRange/0/low',
      code: 'TEMPLATE_MEMBER_MISSING',
    },
    {
      name: 'a constant that components do not have',
      constants: { components: [{ codes: [], value: quantity('v'), method: { text: 'x' } }] },
      at: '/components/0/method',
      code: 'TEMPLATE_MEMBER_UNKNOWN',
    },
  ])('$name', ({ constants, at, code }) => {
    const { ok, issues } = loadFhirMapping(mappingText({ typeName: 'x', codes: [], ...constants }));
    const found = issues.map((issue) => ({ pointer: issue.pointer, code: issue.code }));
    expect({ ok, found }).toEqual({ ok: false, found: [{ pointer: `/template/0/template${at}`, code }] });
  });

  test('with line and column', () => {
    const text = mappingText({ typeName: 'x', codes: [], note: [{ text: '' }] }).replace('"note":', '\n  "note":');
    expect(loadFhirMapping(text).issues).toMatchObject([{ code: 'TEMPLATE_MEMBER_BLANK', line: 2, column: 19 }]);
  });
});

test.each(Object.entries(CONSTANTS))('what is accepted as %s is valid R4, whatever stands in it', (name, constant) => {
  const accepted = [{ at: 'as it is', value: constant as unknown }, ...variants(constant)].filter(({ value }) => {
    // Null says that the mapping has none.
    if (value === null) return false;
    return loadFhirMapping(mappingText({ typeName: 'x', codes: [], [name]: value })).ok;
  });
  expect(accepted[0]?.at).toBe('as it is');
  const refused = accepted.filter(({ value }) => r4Issues(stored({ ...BASE, [name]: value })).length > 0);
  expect(refused.map(({ at }) => at)).toEqual([]);
});

describe('merging', () => {
  const template = templateOf({
    ...CONSTANTS,
    periodInterval: 60,
    value: quantity('q'),
    components: ['a', 'b'].map((name) => ({ codes: [], value: quantity(name), ...COMPONENT_CONSTANTS })),
  });
  const whole = { ...CONSTANTS, valueQuantity: { value: 1, unit: 'u' } };
  const without = (name: keyof typeof CONSTANTS): Observation => {
    const { [name]: _, ...rest } = whole;
    return hour(rest);
  };

  test.each(['interpretation', 'method', 'bodySite', 'note', 'performer', 'extension', 'referenceRange'] as const)(
    'adds %s where it is not, though no value changes',
    (name) => {
      const merged = mergeOne(template, without(name), measured(0, { q: '1' }));
      expect(merged.outcome).toBe('updated');
      expect(plain(merged.resource)).toMatchObject({ status: 'amended', [name]: CONSTANTS[name] });
    },
  );

  test('never writes for the sake of meta, since some servers strip it; it goes along with a write', () => {
    expect(mergeOne(template, without('meta'), measured(0, { q: '1' })).outcome).toBe('unchanged');
    const { resource: observation } = mergeOne(template, without('meta'), measured(0, { q: '2' }));
    expect(observation.meta).toEqual(CONSTANTS.meta);
  });

  test('leaves what somebody has corrected', () => {
    const corrected = hour({
      ...whole,
      interpretation: [{ text: 'normal' }],
      method: { text: 'by machine' },
      note: [{ text: 'seen again' }],
      performer: [{ display: 'nobody' }],
      referenceRange: [{ text: 'any' }],
    });
    const { outcome, resource: observation } = mergeOne(template, corrected, measured(0, { q: '1' }));
    expect({ outcome, observation }).toEqual({ outcome: 'unchanged', observation: corrected });
  });

  test('adds extensions by their url, and leaves those that are there', () => {
    const one = { url: 'http://a.test/one', valueBoolean: false };
    const foreign = { url: 'urn:foreign', valueCode: 'x' };
    const given = hour({ ...whole, extension: [foreign, one] });
    const { resource: observation } = mergeOne(template, given, measured(0, { q: '1' }));
    expect(plain(observation.extension)).toEqual([foreign, one, CONSTANTS.extension[1]]);
  });

  test('adds the profiles and tags that are not there, and keeps the rest of meta', () => {
    const meta = {
      versionId: '3',
      security: [{ code: 'R' }],
      profile: ['http://b.test/other'],
      tag: [{ system: 'urn:t', code: 'home', display: 'At home' }],
    };
    const { resource: observation } = mergeOne(template, hour({ ...whole, meta }), measured(0, { q: '2' }));
    expect(observation.meta).toEqual({ ...meta, profile: ['http://b.test/other', 'http://a.test/profile'] });
  });

  test('gives components theirs, new or stored, with or without a new value', () => {
    const component = [
      { ...named('a'), valueQuantity: { value: 1, unit: 'u' }, interpretation: [{ text: 'normal' }] },
      { code: { text: 'foreign' }, valueString: 'x' },
    ];
    const { resource: observation } = mergeOne(template, hour({ ...whole, component }), measured(0, { b: '2' }));
    const [a, foreign, b] = plain(observation.component) as ObservationComponent[];
    expect(a).toMatchObject({ ...COMPONENT_CONSTANTS, interpretation: [{ text: 'normal' }] });
    expect(foreign).toEqual(component[1]);
    expect(b).toMatchObject(COMPONENT_CONSTANTS);
  });

  test('never touches the source time of a value', () => {
    const first = stored(createOne(template, measured(0, { q: '1', a: '1' })));
    const { resource: observation } = mergeOne(template, first, measured(60, { b: '2' }));
    expect(observation.valueQuantity).toEqual(first.valueQuantity);
    expect(observation.component?.[0]?.valueQuantity).toEqual(first.component?.[0]?.valueQuantity);
  });

  test('a group without any mapped value adds nothing', () => {
    expect(mergeOne(template, without('note'), measured(0, { other: '1' })).outcome).toBe('unchanged');
  });

  test('whatever a server answers there, nothing breaks', () => {
    const names = fc.constantFrom(...Object.keys(CONSTANTS));
    fc.assert(
      fc.property(names, fc.jsonValue({ maxDepth: 2 }), (name, odd) => {
        const { [name as 'method']: _, ...rest } = whole;
        const unvalidated = loadFhirMapping(
          mappingText({ ...CONSTANTS, typeName: 'x', codes: [], value: quantity('q') }),
        );
        const raw = unvalidated.ok ? (unvalidated.template.forType('x') as ObservationTemplate) : template;
        const given = hour({ ...rest, [name]: odd });
        expect(mergeOne(raw, given, measured(0, { q: '1' })).outcome).toMatch(/updated|unchanged/);
      }),
    );
  });
});

describe.each([
  { name: 'an hour', interval: 60, start: hour({ extension: [{ url: 'http://a.test/one', valueBoolean: false }] }) },
  { name: 'an instant', interval: 0, start: undefined },
  { name: 'a correlated one', interval: -1, start: undefined },
])('$name with constants', ({ interval, start }) => {
  const template = templateOf({
    ...CONSTANTS,
    periodInterval: interval,
    ...(interval === 0 && { effectiveDateTime: true }),
    value: quantity('q'),
    components: ['a', 'b'].map((name) => ({ codes: [], value: quantity(name), ...COMPONENT_CONSTANTS })),
  });

  test('is the same Observation however its readings are cut, ordered and repeated', () => {
    fc.assert(
      fc.property(deliveries, ({ inOrder, batches }) => {
        expect(withoutStory(delivered(template, batches, start))).toEqual(
          withoutStory(delivered(template, [inOrder], start)),
        );
      }),
      { numRuns: 100 },
    );
  });
});

const reading = fc
  .record({ minute: fc.nat({ max: 5 }), name: fc.constantFrom('q', 'a', 'b') })
  .map(({ minute, name }) => measured(minute * 60, { [name]: `${minute}.50` }));

/** Batches that together hold every reading, some of them twice, in any order. */
const deliveries = fc.array(reading, { minLength: 1, maxLength: 8 }).chain((inOrder) =>
  fc
    .tuple(
      fc.shuffledSubarray(inOrder, { minLength: inOrder.length, maxLength: inOrder.length }),
      fc.shuffledSubarray(inOrder),
      fc.array(fc.nat({ max: 16 }), { maxLength: 4 }),
    )
    .map(([all, repeated, cuts]) => {
      const readings = [...all, ...repeated];
      const bounds = [0, ...cuts, readings.length].sort((a, b) => a - b);
      return { inOrder, batches: bounds.slice(1).map((end, index) => readings.slice(bounds[index], end)) };
    }),
);

/** @param start what is stored before the first batch, of the only group there is; absent: nothing */
function delivered(
  template: ObservationTemplate,
  batches: readonly (readonly Measurement[])[],
  start: Observation | undefined,
): Observation[] {
  if (start === undefined) return [...deliver(template, batches).values()];
  const merge = (into: Observation, group: ReturnType<typeof template.group>[number]): Observation =>
    stored(template.merge(group, IDS, into).resource);
  return [batches.flatMap((batch) => template.group(batch)).reduce(merge, start)];
}

describe('effectiveDateTime', () => {
  const instants = templateOf({ effectiveDateTime: true, value: quantity('q') });
  const at = '2024-03-01T08:00:00.0000000Z';
  const single = (members: object) => stored({ ...BASE, valueQuantity: { value: 1, unit: 'u' }, ...members });

  test('is written for what is asked for, in place of a period', () => {
    const made = createOne(instants, measured(0, { q: '1' }));
    expect(made).toMatchObject({ effectiveDateTime: at });
    expect(made).not.toHaveProperty('effectivePeriod');
    expect(instants.lineage.isCreate(made)).toBe(true);
    expect(mergeOne(instants, stored(made), measured(0, { q: '1' })).outcome).toBe('unchanged');
  });

  test.each([
    { name: 'an hour', members: { effectiveDateTime: true, periodInterval: 60 }, code: 'TEMPLATE_MEMBER_INVALID' },
    { name: 'a day', members: { effectiveDateTime: true, periodInterval: 'Daily' }, code: 'TEMPLATE_MEMBER_INVALID' },
    {
      name: 'a correlation',
      members: { effectiveDateTime: true, periodInterval: -1 },
      code: 'TEMPLATE_MEMBER_INVALID',
    },
    { name: 'a text', members: { effectiveDateTime: 'true' }, code: 'TEMPLATE_MEMBER_KIND' },
  ])('cannot be asked for with $name', ({ members, code }) => {
    const { ok, issues } = loadFhirMapping(mappingText({ typeName: 'x', codes: [], ...members }));
    expect(ok).toBe(false);
    expect(issues).toMatchObject([{ code, pointer: '/template/0/template/effectiveDateTime' }]);
  });

  test('may be refused with any interval', () => {
    const template = templateOf({ EffectiveDateTime: false, periodInterval: 60, value: quantity('q') });
    expect(createOne(template, measured(0, { q: '1' })).effectivePeriod).toEqual(HOUR);
  });

  test('takes the place of a stored period when something changes, and only then', () => {
    const given = single({ effectivePeriod: { start: at, end: at } });
    expect(mergeOne(instants, given, measured(0, { q: '1' }))).toMatchObject({ outcome: 'unchanged' });
    const { resource: observation } = mergeOne(instants, given, measured(0, { q: '2' }));
    expect(observation).toMatchObject({ effectiveDateTime: at });
    expect(observation).not.toHaveProperty('effectivePeriod');
  });

  test('does not, when the period says more', () => {
    const period = { start: at, end: at, extension: [{ url: 'urn:e', valueCode: 'x' }] };
    const { resource: observation } = mergeOne(instants, single({ effectivePeriod: period }), measured(0, { q: '2' }));
    expect(observation.effectivePeriod).toEqual(period);
    expect(observation).not.toHaveProperty('effectiveDateTime');
  });

  test.each(['2024-03-01T09:00:00+01:00', '2024-03-01T08:00:00.000Z'])('stays as it is stored: %s', (given) => {
    const beside = { extension: [{ url: 'urn:e', valueCode: 'x' }] };
    const before = single({ effectiveDateTime: given, _effectiveDateTime: beside });
    const { outcome, resource: observation } = mergeOne(instants, before, measured(0, { q: '2' }));
    expect(outcome).toBe('updated');
    expect(observation).toMatchObject({ effectiveDateTime: given, _effectiveDateTime: beside });
  });

  test('is compared to the precision that a server has kept', () => {
    const fine = measured(0, { q: '2' }, { occurrenceTimeUtc: '2024-03-01T08:00:00.1234567Z' });
    const { resource: observation } = mergeOne(
      instants,
      single({ effectiveDateTime: '2024-03-01T08:00:00.123Z' }),
      fine,
    );
    expect(observation.effectiveDateTime).toBe('2024-03-01T08:00:00.123Z');
  });

  test('is one in milliseconds where these are asked for', () => {
    const template = templateOf({ effectiveDateTime: true, value: quantity('q') }, { timePrecision: 'ms' });
    const fine = measured(0, { q: '1' }, { occurrenceTimeUtc: '2024-03-01T08:00:00.1234567Z' });
    const made = createOne(template, fine);
    expect(made).toMatchObject({ effectiveDateTime: '2024-03-01T08:00:00.123Z' });
    expect(mergeOne(template, stored(made), fine).outcome).toBe('unchanged');
  });

  test('becomes a period when instants of one second share an id, in whatever order they come', () => {
    const template = templateOf({ effectiveDateTime: true, value: quantity('q') }, { singleId: 'seconds' });
    const [a, b] = [measured(0.1, { q: '1' }), measured(0.9, { q: '2' })];
    const period = { start: '2024-03-01T08:00:00.1000000Z', end: '2024-03-01T08:00:00.9000000Z' };
    const ends = [[[a, b]], [[a], [b]], [[b], [a]], [[a], [b], [a]]].map((batches) => deliver(template, batches));
    for (const observations of ends) {
      expect([...observations.values()]).toMatchObject([{ effectivePeriod: period }]);
      expect([...observations.values()][0]).not.toHaveProperty('effectiveDateTime');
    }
  });
});

/** Numbers as JavaScript has them. */
function plain(value: unknown): unknown {
  return JSON.parse(stringify(value) ?? '');
}

/** How often it was written is another matter. */
function withoutStory(observations: readonly Observation[]): unknown {
  return observations
    .map((observation) => ({ ...observation, status: '', issued: '' }))
    .sort((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1));
}

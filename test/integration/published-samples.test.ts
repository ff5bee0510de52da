import type { EventData } from '@azure/event-hubs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Observation } from 'fhir/r4.js';
import { parse, stringify } from 'lossless-json';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import type { Measurement } from '../../core/measurement.ts';
import { storeOf } from '../../stores/store-of.ts';
import { createTemplateVersions, templateVersionOf } from '../../stores/template-versions.ts';
import { loadFhirMapping } from '../../templates/fhir-mapping/load.ts';
import { eventually } from '../support/eventually.ts';
import { LocalSystem } from '../support/local-system.ts';

/** A published template with a message, as the conformance cases have it. */
interface PublishedCase {
  readonly name: string;
  readonly origin: string;
  readonly template: unknown;
  readonly templateText?: string;
  readonly message: { readonly Body: unknown; readonly Properties: object; readonly SystemProperties: object };
  readonly messageText?: string;
  readonly expect: {
    readonly measurements?: readonly Omit<Measurement, 'ingestionTimeUtc'>[];
    readonly messageError?: true;
  };
}

const folder = process.env['CONFORMANCE_CASES'] ?? resolve(import.meta.dirname, '../../../shared/cases');
const isPresent = existsSync(join(folder, 'normalize.json')) && existsSync(join(folder, 'fhir.json'));
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const isPublished = ({ origin }: PublishedCase): boolean => origin === 'doc' || origin === 'sample';
const cases = isPresent ? (read('normalize.json') as PublishedCase[]).filter(isPublished) : [];
const mappings = isPresent ? (read('fhir.json') as { mapping: unknown }[]).map(({ mapping }) => mapping) : [];

const describeIfPresent = isPresent ? describe : describe.skip;

describeIfPresent(`the original's published samples (skipped without the cases in ${folder})`, () => {
  let system: LocalSystem;

  beforeAll(async () => {
    // An identity is asked for each time: the device of these messages changes hands with every case.
    system = await LocalSystem.start({ identityMaxAge: '1ms', templatePollInterval: '50ms' });
    await system.startWorker();
    await system.startBridge();
  });

  afterAll(async () => {
    await system.stop();
  });

  test.each(cases.map((sample, index) => ({ ...sample, index })))('$name', async (sample) => {
    const expected = sample.expect.measurements ?? [];
    const deviceIds = new Set(expected.map(({ deviceId }) => deviceId));
    for (const deviceId of deviceIds) await giveDeviceTo(system, deviceId, sample.index);
    const mapping = mappingFor(expected);
    await activate(system, sample.templateText ?? JSON.stringify(sample.template), mapping);
    const deadLettersBefore = (await system.status()).ledgers.deadLettered;

    await system.sendEvents('published', [eventOf(sample)]);

    if (sample.expect.messageError) {
      await eventually(async () => {
        expect((await system.status()).ledgers.deadLettered).toBe(deadLettersBefore + 1);
      });
      return;
    }
    const wanted = observationsOf(expected, mapping, sample.index);
    await eventually(async () => {
      const found = await system.observations(`&subject=Patient/patient-${sample.index}`);
      expect(found.map(ownPart).sort(byIdentifier)).toEqual(wanted.sort(byIdentifier));
      expect((await system.status()).onTheWay).toBe(0);
    });
  });
});

/** The same business identifier on a new Device of a new patient; the one before gives it up. */
async function giveDeviceTo(system: LocalSystem, deviceId: string, index: number): Promise<void> {
  const search = await fetch(`${system.fhir.baseUrl}/Device?identifier=${encodeURIComponent(deviceId)}`);
  const { entry = [] } = (await search.json()) as { entry?: { resource: { id: string; resourceType: 'Device' } }[] };
  for (const { resource } of entry) await system.put({ ...resource, identifier: [{ value: 'retired' }] } as never);
  const id = `device-${index}`;
  const patient = { reference: `Patient/patient-${index}` };
  await system.put({ resourceType: 'Patient', id: `patient-${index}` });
  await system.put({ resourceType: 'Device', id, identifier: [{ value: deviceId }], patient } as never);
}

/** A published mapping that names every value of these measurements, type by type; one of our own where there is none. */
function mappingFor(measurements: PublishedCase['expect']['measurements'] = []): string {
  const templates = new Map<string, unknown>();
  for (const { type, properties } of measurements) {
    const names = properties.map(({ name }) => name);
    templates.set(type, publishedTemplate(type, names) ?? textTemplate(type, names));
  }
  return JSON.stringify({ templateType: 'CollectionFhir', template: [...templates.values()] });
}

function publishedTemplate(type: string, names: readonly string[]): unknown {
  const all = mappings.flatMap((mapping) => {
    const { template } = (mapping ?? {}) as { template?: unknown };
    return Array.isArray(template) ? (template as unknown[]) : [];
  });
  return all.find((element) => {
    const text = JSON.stringify({ templateType: 'CollectionFhir', template: [element] });
    const loaded = loadFhirMapping(text);
    if (!loaded.ok || loaded.template.forType(type) === undefined) return false;
    const { template } = element as {
      template: { value?: { valueName: string }; components?: { value: { valueName: string } }[] };
    };
    const mapped = [template.value?.valueName, ...(template.components ?? []).map(({ value }) => value.valueName)];
    return names.every((name) => mapped.includes(name));
  });
}

function textTemplate(type: string, names: readonly string[]): unknown {
  const components = names.map((valueName) => ({
    codes: [{ code: valueName, system: 'urn:test' }],
    value: { valueType: 'String', valueName },
  }));
  const template = { typeName: type, periodInterval: 0, codes: [{ code: type, system: 'urn:test' }], components };
  return { templateType: 'CodeValueFhir', template };
}

/** Saves both files as a user would, and waits until they are in force. */
async function activate(system: LocalSystem, deviceContent: string, fhirMapping: string): Promise<void> {
  const { deviceContentFile = '', fhirMappingFile = '' } = system.config;
  await Promise.all([writeFile(deviceContentFile, deviceContent), writeFile(fhirMappingFile, fhirMapping)]);
  const versions = createTemplateVersions(await storeOf(system.config), system.config.deployment);
  await eventually(async () => {
    expect((await versions.active())?.value).toMatchObject({
      deviceContent: templateVersionOf(deviceContent),
      fhirMapping: templateVersionOf(fhirMapping),
    });
  });
  // The worker looks at the pointer again after its poll interval.
  await rest(2 * system.config.templatePollInterval);
}

/** As IoT Hub and Event Hubs deliver it: system properties are annotations, instants among them AMQP timestamps. */
function eventOf({ message, messageText }: PublishedCase): EventData {
  const exact = messageText === undefined ? undefined : (parse(messageText) as { Body: unknown });
  const body = exact === undefined ? JSON.stringify(message.Body) : stringify(exact.Body);
  const annotations = Object.entries(message.SystemProperties)
    // The broker sets these itself.
    .filter(([name]) => !name.startsWith('x-opt-'))
    .map(([name, value]) => [name, name.endsWith('time') ? new Date(value as string) : (value as string)] as const);
  return {
    body: Buffer.from(body ?? 'null'),
    bodyType: 'data',
    applicationProperties: message.Properties,
    messageAnnotations: Object.fromEntries(annotations),
  } as EventData;
}

/** What the mapping makes of the expected measurements: that the mapping is right is the conformance test's business. */
function observationsOf(
  measurements: readonly Omit<Measurement, 'ingestionTimeUtc'>[],
  mappingText: string,
  index: number,
): unknown[] {
  const loaded = loadFhirMapping(mappingText);
  if (!loaded.ok) throw new Error('The mapping of a published sample was refused');
  const ids = { device: `device-${index}`, patient: `patient-${index}` };
  const types = [...new Set(measurements.map(({ type }) => type))];
  return types.flatMap((type) => {
    const template = loaded.template.forType(type);
    const own = measurements.filter((measurement) => measurement.type === type);
    const complete = own.map((measurement) => ({
      ...withoutNulls(measurement),
      ingestionTimeUtc: '2026-01-01T00:00:00Z',
    }));
    const groups = (template?.group(complete) ?? []).filter(({ isEmpty }) => !isEmpty);
    return groups.map((group) => ownPart(JSON.parse(stringify(template?.create(group, ids, '')) ?? '') as Observation));
  });
}

function withoutNulls<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null)) as T;
}

/** What does not depend on when it was written. */
function ownPart({ identifier, code, subject, device, effectivePeriod, component, ...rest }: Observation) {
  const values = Object.entries(rest).filter(([name]) => name.startsWith('value'));
  const plain = JSON.stringify([Object.fromEntries(values), component ?? []], (name, value: unknown) =>
    name === 'extension' ? undefined : value,
  );
  return { identifier, code, subject, device, effectivePeriod, values: plain };
}

function byIdentifier(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

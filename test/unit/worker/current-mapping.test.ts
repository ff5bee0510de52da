import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderStore } from '../../../stores/folder-store.ts';
import { createTemplateVersions } from '../../../stores/template-versions.ts';
import type { TemplateVersions } from '../../../stores/template-versions.ts';
import { createCurrentMapping } from '../../../worker/current-mapping.ts';
import { mappingText, measured } from '../../support/fhir-mapping.ts';

let folder: string;
let versions: TemplateVersions;
let now: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iomt-mapping-'));
  versions = createTemplateVersions(createFolderStore(folder), 'd');
  now = 0;
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function activate(text: string): Promise<string> {
  const fhirMapping = await versions.publish('fhirMapping', text);
  const considered = { deviceContent: 'c', fhirMapping };
  const active = { deviceContent: 'c', fhirMapping, activatedAt: '2024-03-01T08:00:00Z', considered };
  await versions.activate(active, (await versions.active())?.version);
  return fhirMapping;
}

const mappingOf = (...typeNames: string[]): string =>
  mappingText(...typeNames.map((typeName) => ({ typeName, codes: [] })));

function current(options: Partial<Parameters<typeof createCurrentMapping>[1]> = {}, unusable: string[] = []) {
  return createCurrentMapping(
    versions,
    { maxAgeMs: 1000, ...options },
    (version) => unusable.push(version),
    () => now,
  );
}

describe('the current mapping', () => {
  test('is the one the pointer names, looked at again after a while or on request', async () => {
    const mapping = current();
    const first = await activate(mappingOf('a'));
    expect((await mapping()).version).toBe(first);
    const second = await activate(mappingOf('b'));
    expect((await mapping()).version).toBe(first);
    expect((await mapping({ afresh: true })).version).toBe(second);
    const third = await activate(mappingOf('c'));
    now = 1000;
    expect((await mapping()).version).toBe(third);
  });

  test('stays when a newer one cannot be loaded', async () => {
    const unusable: string[] = [];
    const mapping = current({}, unusable);
    const good = await activate(mappingOf('a'));
    await mapping();
    const bad = await activate('{}');
    expect((await mapping({ afresh: true })).version).toBe(good);
    expect(unusable).toEqual([bad]);
  });

  test('is missed with an error that a retry may heal', async () => {
    await expect(current()()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test.each([
    { singleId: 'fraction' as const, segment: '20240301080000.5Z.20240301080000.5Z' },
    { singleId: 'seconds' as const, segment: '20240301080000Z.20240301080000Z' },
  ])('names single readings to the $singleId', async ({ singleId, segment }) => {
    await activate(mappingOf('x'));
    const { mapping } = await current({ singleId })();
    expect(mapping.forType('x')?.group([measured(0.5, {})])).toMatchObject([{ idSegment: segment }]);
  });

  test('writes times as precisely as it is told', async () => {
    await activate(mappingText({ typeName: 'x', codes: [], value: { valueType: 'String', valueName: 's' } }));
    const { mapping } = await current({ timePrecision: 'ms' })();
    const template = mapping.forType('x');
    const [group] = template?.group([measured(0, { s: 'y' })]) ?? [];
    const made = group && template?.create(group, { device: 'd', patient: 'p' }, '2024-03-01T12:00:00Z');
    expect(made).toMatchObject({ effectivePeriod: { start: '2024-03-01T08:00:00.000Z' } });
  });
});

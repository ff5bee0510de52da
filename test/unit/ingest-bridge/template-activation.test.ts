import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createDeviceContents } from '../../../ingest-bridge/active-content.ts';
import type { TemplateActivation } from '../../../ingest-bridge/template-activation.ts';
import {
  createTemplateActivation,
  describeRefused,
  NoTemplatesError,
} from '../../../ingest-bridge/template-activation.ts';
import { writeDemoTemplates } from '../../../sandbox/demo-templates.ts';
import { createLogger } from '../../../service/log.ts';
import { createFolderStore } from '../../../stores/folder-store.ts';
import type { TemplateVersions } from '../../../stores/template-versions.ts';
import { createTemplateVersions, templateVersionOf } from '../../../stores/template-versions.ts';

let folder: string;
let files: { deviceContent: string; fhirMapping: string };
let versions: TemplateVersions;
/** As another process, or this one after a restart, sees it. */
const start = (): TemplateActivation => createTemplateActivation(versions, files, createLogger('test', 'silent'));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'template-activation-'));
  const { deviceContentFile, fhirMappingFile } = writeDemoTemplates(join(folder, 'templates'));
  files = { deviceContent: deviceContentFile, fhirMapping: fhirMappingFile };
  versions = createTemplateVersions(createFolderStore(join(folder, 'store')), 'iomt');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const textOf = (kind: keyof typeof files): Promise<string> => readFile(files[kind], 'utf8');
const change = async (kind: keyof typeof files): Promise<string> => {
  await writeFile(files[kind], `${await textOf(kind)}\n`);
  return templateVersionOf(await textOf(kind));
};

test('a valid pair is published and in force, and stays so while nothing changes', async () => {
  const activation = start();
  const active = await activation.refresh();
  expect(active.deviceContent).toBe(templateVersionOf(await textOf('deviceContent')));
  expect(await versions.read('fhirMapping', active.fhirMapping)).toBe(await textOf('fhirMapping'));
  const { version } = (await versions.active())!;
  expect(await activation.refresh()).toEqual(active);
  expect(await start().refresh()).toEqual(active);
  expect((await versions.active())!.version).toBe(version);
  const contents = createDeviceContents(versions);
  expect((await contents.get(await contents.activeVersion())).template.typeNames).toContain('heartRate');
});

test.each(['deviceContent', 'fhirMapping'] as const)('a changed %s is taken in, the other stays', async (kind) => {
  const activation = start();
  const before = await activation.refresh();
  const version = await change(kind);
  expect(await activation.refresh()).toMatchObject({
    deviceContent: before.deviceContent,
    fhirMapping: before.fhirMapping,
    [kind]: version,
  });
});

test('both changed are taken in together', async () => {
  const activation = start();
  await activation.refresh();
  const [deviceContent, fhirMapping] = [await change('deviceContent'), await change('fhirMapping')];
  expect(await activation.refresh()).toMatchObject({ deviceContent, fhirMapping });
});

test('a bad file is refused with its reasons while the one in force goes on, also after a restart', async () => {
  const activation = start();
  const before = await activation.refresh();
  const good = await textOf('deviceContent');
  await writeFile(
    files.deviceContent,
    '{\n  "templateType": "CollectionContent", "template": [{ "templateType": "Nothing" }]\n}',
  );
  for (const process of [activation, start()]) {
    expect(await process.refresh()).toMatchObject({
      deviceContent: before.deviceContent,
      fhirMapping: before.fhirMapping,
      activatedAt: expect.any(String),
    });
  }
  const [refused] = activation.refused();
  expect(refused).toMatchObject({ kind: 'deviceContent', file: files.deviceContent });
  expect(describeRefused(refused!)).toContain(`${files.deviceContent}:2:`);
  await writeFile(files.deviceContent, good);
  expect(await activation.refresh()).toMatchObject({ deviceContent: before.deviceContent });
  expect(activation.refused()).toEqual([]);
});

test('a half-written file is refused and, once it is whole, taken in', async () => {
  const activation = start();
  const before = await activation.refresh();
  const whole = `${await textOf('fhirMapping')}\n`;
  for (const part of ['', whole.slice(0, whole.length / 2)]) {
    await writeFile(files.fhirMapping, part);
    expect((await activation.refresh()).fhirMapping).toBe(before.fhirMapping);
    expect(activation.refused().map(({ kind }) => kind)).toEqual(['fhirMapping']);
  }
  await writeFile(files.fhirMapping, whole);
  expect((await activation.refresh()).fhirMapping).toBe(templateVersionOf(whole));
  expect(activation.refused()).toEqual([]);
});

test('a roll-back of the pointer outlives a restart, until the file changes again', async () => {
  const first = await start().refresh();
  await change('deviceContent');
  const second = await start().refresh();
  expect(second.deviceContent).not.toBe(first.deviceContent);
  const { version } = (await versions.active())!;
  await versions.activate({ ...second, deviceContent: first.deviceContent }, version);
  expect((await start().refresh()).deviceContent).toBe(first.deviceContent);
  expect((await start().refresh()).deviceContent).toBe(first.deviceContent);
  const third = await change('deviceContent');
  expect((await start().refresh()).deviceContent).toBe(third);
});

test('without a valid pair there is nothing to run with, and the reasons are told', async () => {
  await writeFile(files.fhirMapping, '{');
  await expect(start().refresh()).rejects.toThrow(NoTemplatesError);
  await expect(start().refresh()).rejects.toThrow(files.fhirMapping);
  expect(await versions.active()).toBeUndefined();
  await rm(files.deviceContent);
  await expect(start().refresh()).rejects.toThrow('cannot be read');
});

test('without files the pointer is followed', async () => {
  const follower = createTemplateActivation(versions, undefined, createLogger('test', 'silent'));
  await expect(follower.refresh()).rejects.toThrow('IOMT_DEVICE_CONTENT_FILE');
  const active = await start().refresh();
  expect(await follower.refresh()).toEqual(active);
});

import { expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../config/load-config.ts';
import { storeOf } from '../../../stores/store-of.ts';

test('without a connection string the store is a folder below the data folder', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'store-of-'));
  const store = await storeOf(loadConfig({ IOMT_DATA_DIR: dataDir }));
  await store.put('a/b', new Uint8Array());
  expect(await readdir(join(dataDir, 'store', 'a'))).toEqual(['b@v']);
  await rm(dataDir, { recursive: true });
});

test.each([
  'DefaultEndpointsProtocol=https;AccountName=name;AccountKey=a2V5;EndpointSuffix=core.windows.net',
  'BlobEndpoint=https://name.blob.core.windows.net;SharedAccessSignature=sv=2024&sig=x',
  'UseDevelopmentStorage=true',
])('%s is taken as a connection string', (text) => {
  expect(loadConfig({ IOMT_STORE_CONNECTION_STRING: text }).storeConnectionString).toBe(text);
});

test.each(['Endpoint=sb://hub;SharedAccessKeyName=n;SharedAccessKey=k', 'https://name.blob.core.windows.net', 'key'])(
  '%s is none, and is told without what was found',
  (text) => {
    const load = (): unknown => loadConfig({ IOMT_STORE_CONNECTION_STRING: text });
    expect(load).toThrow('IOMT_STORE_CONNECTION_STRING: expected a connection string of Azure Storage');
    expect(load).not.toThrow(text);
  },
);

test.each(['abc', 'iomt', 'a-b-c', '0'.repeat(63)])('%s may be the name of a container', (name) => {
  expect(loadConfig({ IOMT_STORE_CONTAINER: name }).storeContainer).toBe(name);
});

test.each(['ab', '-ab', 'ab-', 'a--b', 'Abc', 'a_b', 'a/b', '0'.repeat(64)])('%s may not', (name) => {
  expect(() => loadConfig({ IOMT_STORE_CONTAINER: name })).toThrow('IOMT_STORE_CONTAINER: expected the name');
});

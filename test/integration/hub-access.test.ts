import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadConfig } from '../../config/load-config.ts';
import type { EventHubsServer } from '../../sandbox/event-hubs/event-hubs-server.ts';
import { startEventHubsServer } from '../../sandbox/event-hubs/event-hubs-server.ts';
import type { HubAccess } from '../../service/hub-access.ts';
import { createConsumer, createProducer, hubAccess } from '../../service/hub-access.ts';
import { HubProducer, PRODUCER_RETRIES } from '../../service/hub-producer.ts';
import { openBlobContainer } from '../../stores/blob-container.ts';
import { createBlobStore } from '../../stores/blob-store.ts';
import { Azurite } from '../support/azurite.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { readEvents } from '../support/event-hubs-reader.ts';
import { FakeCredential } from '../support/fake-credential.ts';
import type { KeyAndCertificate } from '../support/self-signed.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startWebSocketGateway } from '../support/websocket-gateway.ts';

const HUB = 'devicedata';
const EXECUTABLE = fileURLToPath(new URL('../../cli/iomt-fhir.js', import.meta.url));

let folder: string;
let tls: KeyAndCertificate;
const trusted = getCACertificates();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iomt-access-'));
  tls = selfSigned();
  setDefaultCACertificates([...trusted, tls.cert]);
});
afterEach(async () => {
  setDefaultCACertificates(trusted);
  await rm(folder, { recursive: true, force: true });
});

async function startHub(secured: boolean): Promise<EventHubsServer> {
  const hubs = [{ name: HUB, partitionCount: 2 }];
  return await startEventHubsServer({ dataDir: folder, hubs, policies: { a: 'b' }, ...(secured && { tls }) });
}

async function sendOne(access: HubAccess): Promise<void> {
  const client = createProducer(access, { retryOptions: PRODUCER_RETRIES });
  const producer = new HubProducer({ client, sendWithinMs: 5000 });
  await producer.send([{ body: Buffer.from('1') }], 'device-1').finally(() => producer.close());
}

describe('Entra ID', () => {
  let hub: EventHubsServer;
  beforeEach(async () => {
    hub = await startHub(true);
  });
  afterEach(async () => {
    await hub.stop();
  });

  const accessWith = (credential: FakeCredential): Promise<HubAccess> => {
    const config = loadConfig({ IOMT_EVENT_HUB_NAMESPACE: `localhost:${hub.port}`, IOMT_EVENT_HUB_NAME: HUB });
    return hubAccess(config, () => Promise.resolve(credential));
  };

  test('opens the hub, over TLS, with tokens for Event Hubs: to send, to read, to ask', async () => {
    const credential = new FakeCredential();
    const access = await accessWith(credential);
    await sendOne(access);
    const consumer = createConsumer(access, '$Default', { retryOptions: PRODUCER_RETRIES });
    const asked = await consumer.getEventHubProperties();
    expect(asked).toMatchObject({ name: HUB, partitionIds: ['0', '1'] });
    const received = Promise.withResolvers<unknown>();
    const subscription = consumer.subscribe(
      {
        processEvents: (events) => {
          for (const { body } of events) received.resolve(body);
          return Promise.resolve();
        },
        processError: (error) => {
          received.reject(error);
          return Promise.resolve();
        },
      },
      { startPosition: { offset: '-1' } },
    );
    expect(await received.promise).toBe(1);
    await subscription.close();
    await consumer.close();
    expect([...credential.scopes]).toEqual(['https://eventhubs.azure.net//.default']);
  });

  test('does not open it with a token for something else', async () => {
    const credential = new FakeCredential();
    const forBlobs = new FakeCredential();
    credential.getToken = () => forBlobs.getToken('https://storage.azure.com/.default');
    await expect(sendOne(await accessWith(credential))).rejects.toThrow(
      'InvalidAudience: a token for https://eventhubs.azure.net was expected',
    );
  });

  test('is not asked where a connection string is given, which works over TLS too', async () => {
    const connectionString = hub.connectionString.replace('127.0.0.1', 'localhost');
    const config = loadConfig({ IOMT_EVENT_HUB_CONNECTION_STRING: connectionString });
    await sendOne(await hubAccess(config, () => Promise.reject(new Error('Nobody asks for a credential here'))));
    expect(await readEvents({ connectionString, hub: HUB, count: 1 })).toHaveLength(1);
  });
});

test('Entra ID opens the store in Azure Storage, with tokens for it', async () => {
  const azurite = await Azurite.start(tls);
  try {
    const credential = new FakeCredential();
    const container = await openBlobContainer({ kind: 'entra-id', url: azurite.url(), credential }, 'entra');
    const store = createBlobStore(container);
    await store.put('a/b', Buffer.from('kept'), undefined);
    expect(Buffer.from((await store.get('a/b'))?.value ?? []).toString()).toBe('kept');
    expect([...credential.scopes]).toEqual(['https://storage.azure.com/.default']);
  } finally {
    await azurite.remove();
  }
});

test('AMQP goes in WebSockets, through the proxy that the environment names', async () => {
  const hub = await startHub(false);
  const gateway = await startWebSocketGateway(tls, hub.port);
  const proxy = await startConnectProxy();
  const certificate = join(folder, 'certificate.pem');
  await writeFile(certificate, tls.cert);
  const kept = Object.entries(process.env).filter(([name]) => !/^IOMT_|^TEMPORAL_|_proxy$/i.test(name));
  const env = {
    ...Object.fromEntries(kept),
    IOMT_EVENT_HUB_CONNECTION_STRING: `Endpoint=sb://localhost:${gateway.port}/;SharedAccessKeyName=a;SharedAccessKey=b`,
    IOMT_EVENT_HUB_TRANSPORT: 'websockets',
    NODE_EXTRA_CA_CERTS: certificate,
    NODE_USE_ENV_PROXY: '1',
    HTTPS_PROXY: proxy.url,
  };
  try {
    await promisify(execFile)(process.execPath, [EXECUTABLE, 'send', '{"heartRate": 71}'], { env, cwd: folder });
    const [event] = await readEvents({ connectionString: hub.connectionString, hub: HUB, count: 1 });
    expect(event?.body).toEqual({ heartRate: 71 });
    expect(new Set(proxy.opened)).toEqual(new Set([`localhost:${gateway.port}`]));
  } finally {
    await proxy.stop();
    await gateway.stop();
    await hub.stop();
  }
});

import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig } from '../../../config/load-config.ts';
import { hubAccess } from '../../../service/hub-access.ts';

const CONNECTION_STRING = 'Endpoint=sb://a.servicebus.windows.net;SharedAccessKeyName=n;SharedAccessKey=k';
const accessWith = (environment: Record<string, string>) => hubAccess(loadConfig(environment));

describe('the hub is reached', () => {
  test('by a connection string, which may name its hub itself', async () => {
    expect(await accessWith({ IOMT_EVENT_HUB_CONNECTION_STRING: CONNECTION_STRING })).toEqual({
      kind: 'connection-string',
      connectionString: `${CONNECTION_STRING};EntityPath=devicedata`,
      transport: {},
    });
    const named = `${CONNECTION_STRING};EntityPath=own`;
    expect(await accessWith({ IOMT_EVENT_HUB_CONNECTION_STRING: named })).toMatchObject({ connectionString: named });
  });

  test('by its namespace, with the credential that Azure’s SDK finds', async () => {
    const access = await accessWith({ IOMT_EVENT_HUB_NAMESPACE: 'a.servicebus.windows.net', IOMT_EVENT_HUB_NAME: 'h' });
    expect(access).toMatchObject({ kind: 'entra-id', namespace: 'a.servicebus.windows.net', hub: 'h' });
    expect(access).toHaveProperty('credential.constructor.name', 'DefaultAzureCredential');
  });

  test('in WebSockets when that is asked for', async () => {
    const given = { IOMT_EVENT_HUB_CONNECTION_STRING: CONNECTION_STRING, IOMT_EVENT_HUB_TRANSPORT: 'websockets' };
    expect((await accessWith(given)).transport).toEqual({ webSocketOptions: { webSocket: WebSocket } });
  });

  test('not at all when nothing names it; the error names both ways', async () => {
    await expect(accessWith({})).rejects.toThrow(
      /IOMT_EVENT_HUB_CONNECTION_STRING nor IOMT_EVENT_HUB_NAMESPACE is set/,
    );
  });
});

describe('settings of Azure are refused', () => {
  const problemOf = (environment: Record<string, string>): string => {
    try {
      loadConfig(environment);
      return 'none';
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  };

  test.each([
    {
      name: 'when both ways to the hub are set',
      environment: { IOMT_EVENT_HUB_CONNECTION_STRING: CONNECTION_STRING, IOMT_EVENT_HUB_NAMESPACE: 'a.example' },
      problem: 'IOMT_EVENT_HUB_CONNECTION_STRING and IOMT_EVENT_HUB_NAMESPACE are both set: expected one of them',
    },
    {
      name: 'when both ways to the store are set',
      environment: {
        IOMT_STORE_CONNECTION_STRING: 'UseDevelopmentStorage=true',
        IOMT_STORE_ACCOUNT_URL: 'https://a.blob.core.windows.net',
      },
      problem: 'IOMT_STORE_CONNECTION_STRING and IOMT_STORE_ACCOUNT_URL are both set: expected one of them',
    },
    {
      name: 'when a namespace is a URL',
      environment: { IOMT_EVENT_HUB_NAMESPACE: 'sb://a.servicebus.windows.net/' },
      problem: 'IOMT_EVENT_HUB_NAMESPACE: expected the host name of a namespace',
    },
    {
      name: 'when an account is not reached by https: no token goes there',
      environment: { IOMT_STORE_ACCOUNT_URL: 'http://a.blob.core.windows.net' },
      problem: 'IOMT_STORE_ACCOUNT_URL: expected the https URL of an account',
    },
    {
      name: 'when an account brings a signature',
      environment: { IOMT_STORE_ACCOUNT_URL: 'https://a.blob.core.windows.net/?sv=1&sig=secret' },
      problem: 'IOMT_STORE_ACCOUNT_URL: expected the https URL of an account',
    },
    {
      name: 'when a token is short',
      environment: { IOMT_HTTP_TOKENS: 'long-enough-0123456,short' },
      problem: 'IOMT_HTTP_TOKENS: expected tokens of at least 16',
    },
    {
      name: 'when tokens are none',
      environment: { IOMT_HTTP_TOKENS: ' , ' },
      problem: 'IOMT_HTTP_TOKENS: expected tokens of at least 16',
    },
  ])('$name', ({ environment, problem }) => {
    expect(problemOf(environment as unknown as Record<string, string>)).toContain(problem);
    expect(problemOf(environment as unknown as Record<string, string>)).not.toMatch(/secret|short/);
  });
});

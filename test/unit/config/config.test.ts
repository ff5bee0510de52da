import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { durationMs } from '../../../config/duration.ts';
import {
  ConfigError,
  givenSettings,
  loadConfig,
  printableConfig,
  requireSetting,
} from '../../../config/load-config.ts';
import { idHashKeyOf } from '../../../config/id-hash-key.ts';
import { environmentName } from '../../../config/settings.ts';
import { workflowSettings } from '../../../ingest-bridge/workflow-settings.ts';

const problemOf = (environment: Record<string, string>): string => {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'none';
};

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['5s', 5000],
    ['1.5h', 5_400_000],
    ['10m', 600_000],
    ['8d', 691_200_000],
    [' 0s ', 0],
    ['0.4ms', 0],
  ])('%j is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each(['', '5', 's', '-5s', '5 s', '5S', '1h30m', '1e3s', '.5s', '5sec'])('%j is none', (text) => {
    expect(durationMs(text)).toBeUndefined();
  });
});

describe('the environment', () => {
  test('nothing set is a configuration to start with', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      deployment: 'iomt',
      window: 300_000,
      idleAfter: 691_200_000,
      dispatchInterval: 5000,
    });
    expect(config.fhirUrl).toBeUndefined();
    expect(givenSettings({}).size).toBe(0);
  });

  test('an empty variable is as good as none', () => {
    expect(loadConfig({ IOMT_WINDOW: '', IOMT_FHIR_URL: '' })).toEqual(loadConfig({}));
  });

  test('names of settings and variables belong together', () => {
    expect(environmentName('fhirDeliveriesPerSecond')).toBe('IOMT_FHIR_DELIVERIES_PER_SECOND');
    expect(loadConfig({ IOMT_FHIR_URL: 'https://fhir.example/r4//' }).fhirUrl).toBe('https://fhir.example/r4');
    expect([...givenSettings({ IOMT_FHIR_URL: 'https://fhir.example' })]).toEqual(['fhirUrl']);
  });

  test('a misspelt variable is refused, and the one that was meant is named', () => {
    expect(problemOf({ IOMT_DISPATCH_INTERVALL: '5s' })).toContain(
      'IOMT_DISPATCH_INTERVALL is no setting; is IOMT_DISPATCH_INTERVAL meant?',
    );
    expect(problemOf({ IOMT_SOMETHING_ELSE: 'x' })).toMatch(/IOMT_SOMETHING_ELSE is no setting$/m);
    expect(problemOf({ OTHER: 'x' })).toBe('none');
  });

  test('everything that is wrong is told at once, and nothing of what was found', () => {
    const secret = 'patient-4711';
    const message = problemOf({
      IOMT_WINDOW: secret,
      IOMT_FHIR_URL: secret,
      IOMT_BRIDGE_PORT: '65536',
      IOMT_IDENTITY_MODE: secret,
      IOMT_DEPLOYMENT: `${secret}/x`,
      IOMT_WINDOWS: `heartRate=${secret}`,
      IOMT_WINDOW_MAX_ROWS: '0',
      IOMT_NOTHING: secret,
    });
    expect(message.split('\n')).toHaveLength(9);
    expect(message).not.toContain(secret);
    expect(message).toContain('IOMT_IDENTITY_MODE: expected one of Lookup, LookupWithEncounter');
  });

  test('behaviours of the FHIR server are a list of known names', () => {
    expect(loadConfig({ IOMT_FHIR_BEHAVES: ' hapi, no-etag,' }).fhirBehaves).toEqual(['hapi', 'no-etag']);
    expect(loadConfig({}).fhirBehaves).toEqual([]);
    expect(printableConfig(loadConfig({ IOMT_FHIR_BEHAVES: 'hapi, no-etag' }))).toMatchObject({
      IOMT_FHIR_BEHAVES: 'hapi,no-etag',
    });
    expect(problemOf({ IOMT_FHIR_BEHAVES: 'hapi,hapy' })).toContain(
      'expected names separated by commas, out of medplum',
    );
  });

  test('a setting without a default is asked for by name', () => {
    expect(() => requireSetting(loadConfig({}), 'fhirUrl')).toThrow('IOMT_FHIR_URL is not set');
    expect(requireSetting(loadConfig({ IOMT_FHIR_URL: 'http://a.example' }), 'fhirUrl')).toBe('http://a.example');
  });
});

describe('windows of single types', () => {
  test('hold for their type alone', () => {
    const config = loadConfig({ IOMT_WINDOWS: 'heartRate=10s, a=b=1m,', IOMT_WINDOW: '2m' });
    const windowOf = (type: string): number => workflowSettings(config, type, 'queue').windowMs;
    expect([windowOf('heartRate'), windowOf('a=b'), windowOf('steps')]).toEqual([10_000, 60_000, 120_000]);
  });

  test.each(['heartRate', '=5s', 'heartRate=5', 'heartRate=10s;steps', 'heartRate=10s;steps=1m'])(
    '%j is refused',
    (text) => {
      expect(problemOf({ IOMT_WINDOWS: text })).toContain('expected pairs such as heartRate=10s,steps=1m');
    },
  );
});

describe('secrets', () => {
  const secret = 'Endpoint=sb://namespace.example/;SharedAccessKey=c2VjcmV0';

  test('are not printed', () => {
    const printed = printableConfig(loadConfig({ IOMT_EVENT_HUB_CONNECTION_STRING: secret }));
    expect(printed['IOMT_EVENT_HUB_CONNECTION_STRING']).toBe('(set, not shown)');
    expect(JSON.stringify(printed)).not.toContain('c2VjcmV0');
  });

  test.each(['http://user:c2VjcmV0@fhir.example/r4', 'HTTPS://c2VjcmV0@fhir.example'])(
    'have no place in a URL, which is printed (%s)',
    (url) => {
      const message = problemOf({ IOMT_FHIR_URL: url });
      expect(message).toContain('expected a URL without user name and password');
      expect(message).not.toContain('c2VjcmV0');
    },
  );

  test('an @ in the path is none', () => {
    expect(loadConfig({ IOMT_FHIR_URL: 'http://fhir.example/a@b' }).fhirUrl).toBe('http://fhir.example/a@b');
  });

  test('everything else is printed, under its variable', () => {
    const printed = printableConfig(loadConfig({ IOMT_WINDOWS: 'steps=1m' }));
    expect(printed).toMatchObject({
      IOMT_WINDOWS: 'steps=1m',
      IOMT_WINDOW: '5m',
      IOMT_FHIR_URL: null,
      IOMT_DEPLOYMENT: 'iomt',
    });
  });
});

describe('encryption keys', () => {
  const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');

  test('are pairs of an id and a key; the first comes first', () => {
    const { encryptionKeys } = loadConfig({ IOMT_ENCRYPTION_KEYS: ` 2026-11:${key(2)}, old:${key(1)},` });
    expect(encryptionKeys?.map(({ id, bytes }) => [id, bytes[0], bytes.length])).toEqual([
      ['2026-11', 2, 32],
      ['old', 1, 32],
    ]);
    const url = key(255).replaceAll('/', '_').replace('=', '');
    expect(loadConfig({ IOMT_ENCRYPTION_KEYS: `a:${url}` }).encryptionKeys?.[0]?.bytes[31]).toBe(255);
  });

  test.each([
    { name: 'no id', text: key(1), expected: 'expected pairs id:key' },
    { name: 'an id with a blank', text: `a b:${key(1)}`, expected: 'expected pairs id:key' },
    { name: 'nothing but commas', text: ',', expected: 'expected pairs id:key' },
    { name: 'a short key', text: `a:${key(1)},b:${key(2).slice(4)}`, expected: 'expected the key 2 to be 32 random' },
    { name: 'a cut one', text: `a:${key(1).slice(0, -2)}`, expected: 'expected the key 1 to be 32 random bytes' },
    { name: 'hex', text: `a:${Buffer.alloc(32, 1).toString('hex')}`, expected: 'expected the key 1 to be 32 random' },
    { name: 'an id twice', text: `a:${key(1)},a:${key(2)}`, expected: 'expected every id once (pair 2' },
  ])('$name is refused, and nothing of it is told', ({ text, expected }) => {
    const message = problemOf({ IOMT_ENCRYPTION_KEYS: text });
    expect(message).toContain(`IOMT_ENCRYPTION_KEYS: ${expected}`);
    expect(message).not.toMatch(/AQEB|AgIC|0101/);
  });

  test('are not printed, nor is the key of ids', () => {
    const printed = printableConfig(loadConfig({ IOMT_ENCRYPTION_KEYS: `a:${key(1)}`, IOMT_ID_HASH_KEY: key(2) }));
    expect(printed).toMatchObject({
      IOMT_ENCRYPTION_KEYS: '(set, not shown)',
      IOMT_ID_HASH_KEY: '(set, not shown)',
    });
    expect(problemOf({ IOMT_ID_HASH_KEY: 'AQEB' })).toMatch(/IOMT_ID_HASH_KEY: expected 32 random bytes[^A]*$/);
  });

  test.each([
    { name: 'nothing', given: {}, hashed: false },
    {
      name: 'keys and the key of ids',
      given: { IOMT_ENCRYPTION_KEYS: `a:${key(1)}`, IOMT_ID_HASH_KEY: key(2) },
      hashed: true,
    },
    { name: 'the key of ids', given: { IOMT_ID_HASH_KEY: key(2) }, hashed: true },
    {
      name: 'both, and plain ids',
      given: { IOMT_ENCRYPTION_KEYS: `a:${key(1)}`, IOMT_ID_HASH_KEY: key(2), IOMT_DEVICE_IDS: 'plain' },
      hashed: false,
    },
    {
      name: 'keys and plain ids',
      given: { IOMT_ENCRYPTION_KEYS: `a:${key(1)}`, IOMT_DEVICE_IDS: 'plain' },
      hashed: false,
    },
  ])('with $name, device ids are hashed: $hashed', ({ given, hashed }) => {
    expect(idHashKeyOf(loadConfig(given as Record<string, string>))?.[0]).toBe(hashed ? 2 : undefined);
  });

  test.each([{ IOMT_ENCRYPTION_KEYS: `a:${key(1)}` }, { IOMT_DEVICE_IDS: 'hashed' }])(
    'without their own key, ids cannot be hashed (%j)',
    (given) => {
      expect(() => idHashKeyOf(loadConfig(given))).toThrow(/IOMT_ID_HASH_KEY is not set.*IOMT_DEVICE_IDS=plain/);
    },
  );

  test('origins of the UI are written as a browser sends them', () => {
    expect(loadConfig({ IOMT_CODEC_ORIGINS: 'https://a.example, http://b:8233' }).codecOrigins).toHaveLength(2);
    for (const text of ['https://a.example/', 'a.example', '*', 'https://A.example', 'null']) {
      expect(problemOf({ IOMT_CODEC_ORIGINS: text })).toContain('expected origins such as');
    }
  });
});

describe('a configuration file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });
  const write = async (text: string): Promise<string> => {
    const file = join(folder, 'iomt.jsonc');
    await writeFile(file, text);
    return file;
  };

  test('gives settings, the environment goes before it', async () => {
    const file = await write('{ "window": "1m", /* short */ "bridgePort": 1234, "deployment": "file", }');
    const environment = { IOMT_CONFIG_FILE: file, IOMT_DEPLOYMENT: 'environment' };
    expect(loadConfig(environment)).toMatchObject({ window: 60_000, bridgePort: 1234, deployment: 'environment' });
    expect([...givenSettings(environment)].sort()).toEqual(['bridgePort', 'deployment', 'window']);
  });

  test.each([
    { name: 'an unknown name', text: '{ "windw": "1m" }', expected: 'windw is no setting; is window meant?' },
    { name: 'a name every object has', text: '{ "toString": "1m" }', expected: 'toString is no setting' },
    { name: 'broken JSON', text: '{ "window": ', expected: '.jsonc:1:' },
    { name: 'another shape', text: '["patient-4711"]', expected: 'expected an object of settings' },
    {
      name: 'a nested value',
      text: '{ "window": { "a": "patient-4711" } }',
      expected: 'expected an object of settings',
    },
    { name: 'a wrong value', text: '{ "window": "patient-4711" }', expected: 'IOMT_WINDOW: expected a duration' },
  ])('$name is refused', async ({ text, expected }) => {
    const message = problemOf({ IOMT_CONFIG_FILE: await write(text) });
    expect(message).toContain(expected);
    expect(message).not.toContain('patient-4711');
  });

  test('that is not there is refused', () => {
    expect(problemOf({ IOMT_CONFIG_FILE: join(folder, 'none') })).toContain('names no file that is there');
  });
});

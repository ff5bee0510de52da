import { describe, expect, test } from '@jest/globals';
import { isLoopback, isLoopbackAuthority } from '../../../http-endpoint/loopback.ts';
import { Refusal } from '../../../http-endpoint/refusal.ts';
import { formatOf, readMessages } from '../../../http-endpoint/request-messages.ts';
import { readProperties } from '../../../http-endpoint/request-properties.ts';
import { bearerToken, createSecretCheck } from '../../../service/bearer-tokens.ts';
import { ByteBudget } from '../../../service/byte-budget.ts';

function refusalOf(run: () => unknown): Record<string, unknown> {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, detail: error.message, ...error.members };
    throw error;
  }
  return { status: 'none' };
}

describe('the content type says', () => {
  test.each([
    ['application/json', 'json'],
    ['Application/JSON; charset=UTF-8', 'json'],
    ['application/json;charset="utf-8"', 'json'],
    ['application/x-ndjson', 'ndjson'],
    ['application/ndjson', 'ndjson'],
  ])('%s: %s', (type, format) => {
    expect(formatOf(type)).toBe(format);
  });

  test.each([undefined, '', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16'])(
    '%s: nothing that is taken',
    (type) => {
      expect(refusalOf(() => formatOf(type))).toMatchObject({ status: 415 });
    },
  );
});

describe('messages', () => {
  const messagesOf = (text: string, format: 'json' | 'ndjson'): string[] =>
    readMessages(Buffer.from(text), format).map((bytes) => Buffer.from(bytes).toString());

  test.each([
    { name: 'an array is one', format: 'json', text: ' [{"a":1},{"a":2}] ', messages: [' [{"a":1},{"a":2}] '] },
    { name: 'numbers stay as written', format: 'json', text: '9007199254740993', messages: ['9007199254740993'] },
    { name: 'a line is one', format: 'ndjson', text: '{"a":1}\n[2]\n3', messages: ['{"a":1}', '[2]', '3'] },
    { name: 'blank lines are none', format: 'ndjson', text: '\n1\r\n  \n2\n\n', messages: ['1\r', '2'] },
    { name: 'a byte order mark is none', format: 'ndjson', text: '\uFEFF1\n2', messages: ['\uFEFF1', '2'] },
  ] as const)('$name', ({ format, text, messages }) => {
    expect(messagesOf(text, format)).toEqual(messages);
  });

  test.each([
    { name: 'an empty body', format: 'json', text: '', refusal: { status: 400 } },
    { name: 'blank lines only', format: 'ndjson', text: '\n \n', refusal: { status: 400 } },
    {
      name: 'a comment',
      format: 'json',
      text: '{\n  "a": 1, // b\n}',
      refusal: { status: 400, code: 'BODY_NOT_JSON', line: 2, column: 11, reason: 'InvalidCommentToken' },
    },
    {
      name: 'a missing value',
      format: 'json',
      text: '{"patient": }',
      refusal: { status: 400, code: 'BODY_NOT_JSON', line: 1, column: 13, reason: 'ValueExpected' },
    },
    {
      name: 'the third line',
      format: 'ndjson',
      text: '{"a":1}\n\n{"a" 2}\n',
      refusal: { status: 400, code: 'BODY_NOT_JSON', line: 3, column: 6, reason: 'ColonExpected' },
    },
    { name: 'two values', format: 'json', text: '1 2', refusal: { status: 400, line: 1, column: 3 } },
    { name: 'levels without end', format: 'json', text: '['.repeat(500_000), refusal: { status: 400, line: 1 } },
    {
      name: 'too many levels',
      format: 'json',
      text: `${'['.repeat(65)}${']'.repeat(65)}`,
      refusal: { status: 400, code: 'BODY_TOO_DEEP' },
    },
    { name: 'too many messages', format: 'ndjson', text: '1\n'.repeat(1001), refusal: { status: 413 } },
  ] as const)('$name is refused with its place', ({ format, text, refusal }) => {
    expect(refusalOf(() => messagesOf(text, format))).toMatchObject(refusal);
  });

  test('what is no UTF-8 is refused', () => {
    const bytes = Buffer.from([0x22, 0xe9, 0x22]);
    expect(refusalOf(() => readMessages(bytes, 'json'))).toMatchObject({ status: 400, code: 'BODY_NOT_JSON', line: 1 });
  });

  test('a refusal says nothing of what was found', () => {
    const refusal = refusalOf(() => messagesOf('{"name": Anna Meier}', 'json'));
    expect(JSON.stringify(refusal)).not.toMatch(/Anna|Meier/);
  });
});

describe('headers and query say', () => {
  const read = (headers: Record<string, string>, query = '') => readProperties(headers, new URLSearchParams(query));

  test('the properties and the device', () => {
    const headers = { 'iomt-property-ward': '7', 'iomt-device-id': 'monitor-1', 'content-type': 'application/json' };
    expect(read(headers)).toEqual({ properties: { ward: '7' }, deviceId: 'monitor-1' });
    expect(read({}, 'deviceId=monitor-1')).toEqual({ properties: {}, deviceId: 'monitor-1' });
    expect(read({ 'iomt-device-id': 'a' }, 'deviceId=a').deviceId).toBe('a');
    expect(read({})).toEqual({ properties: {}, deviceId: undefined });
  });

  test('text in UTF-8, whose bytes Node hands over as Latin-1', () => {
    const asNode = Buffer.from('Kinderstätte').toString('latin1');
    expect(read({ 'iomt-property-ward': asNode }).properties).toEqual({ ward: 'Kinderstätte' });
    expect(refusalOf(() => read({ 'iomt-property-ward': 'st\u00e4tte' }))).toMatchObject({ status: 400 });
  });

  test.each([
    { name: 'a misspelt header', headers: { 'iomt-deviceid': 'a' }, query: '' },
    { name: 'a property without a name', headers: { 'iomt-property-': 'a' }, query: '' },
    { name: 'a misspelt parameter', headers: {}, query: 'deviceid=a' },
    { name: 'two devices', headers: {}, query: 'deviceId=a&deviceId=b' },
    { name: 'another device in each', headers: { 'iomt-device-id': 'a' }, query: 'deviceId=b' },
    { name: 'no device', headers: { 'iomt-device-id': '' }, query: '' },
    { name: 'a device longer than a partition key', headers: { 'iomt-device-id': 'a'.repeat(129) }, query: '' },
  ])('nothing that could be taken: $name', ({ headers, query }) => {
    expect(refusalOf(() => read(headers as Record<string, string>, query))).toMatchObject({ status: 400 });
  });
});

test.each([
  ['Bearer first-token-0123456', true],
  ['bearer  second-token-012345 ', true],
  ['Bearer first-token-012345', false],
  ['Bearer first-token-01234567', false],
  ['Basic first-token-0123456', false],
  ['Bearer', false],
  ['', false],
  [undefined, false],
])('of two tokens, %s opens: %s', (authorization, opens) => {
  const isToken = createSecretCheck(['first-token-0123456', 'second-token-012345']);
  expect(isToken(bearerToken(authorization))).toBe(opens);
});

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.1.example', false],
  ['10.0.0.1', false],
])('%s is this machine only: %s', (host, is) => {
  expect(isLoopback(host)).toBe(is);
  expect(isLoopbackAuthority(`${host.includes(':') ? `[${host}]` : host}:8083`)).toBe(is);
});

test('a request without a name of this machine is told apart', () => {
  expect([undefined, '', 'evil.example', 'localhost', '[::1]'].map(isLoopbackAuthority)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
});

test('what requests hold together is bounded, and comes back', () => {
  const budget = new ByteBudget(10);
  const [one, other] = [budget.share(), budget.share()];
  expect([one.take(6), other.take(5), other.take(4), one.take(1)]).toEqual([true, false, true, false]);
  one.giveBack();
  one.giveBack();
  expect([other.take(6), other.take(1)]).toEqual([true, false]);
});

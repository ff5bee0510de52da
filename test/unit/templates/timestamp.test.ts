import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalInstant, formatTicks, parseTicks } from '../../../core/ticks.ts';
import { readTimestamp } from '../../../templates/timestamp.ts';

const TODAY = '2023-05-06T23:30:00Z';

describe('a timestamp may be written', () => {
  test.each([
    ['2022-11-09T08:07:06Z', '2022-11-09T08:07:06Z'],
    ['  2022-11-09T08:07:06.50Z ', '2022-11-09T08:07:06.5Z'],
    ['2022-11-09t08:07:06 z', '2022-11-09T08:07:06Z'],
    ['2022-11-09T08:07', '2022-11-09T08:07:00Z'],
    ['2022-11-09 8:07:06', '2022-11-09T08:07:06Z'],
    ['2022-11-09T08:07:06+5', '2022-11-09T03:07:06Z'],
    ['2022-11-09T08:07:06+05', '2022-11-09T03:07:06Z'],
    ['2022-11-09T08:07:06-0530', '2022-11-09T13:37:06Z'],
    ['2022-11-09T01:07:06+05:30', '2022-11-08T19:37:06Z'],
    ['2022-11-09T24:00:00Z', '2022-11-10T00:00:00Z'],
    ['2022-11-09T08:07:06.12345674Z', '2022-11-09T08:07:06.1234567Z'],
    ['2022-11-09T08:07:06.12345675Z', '2022-11-09T08:07:06.1234568Z'],
    ['2022-12-31T23:59:59.99999999Z', '2023-01-01T00:00:00Z'],
    ['2022-11-09', '2022-11-09T00:00:00Z'],
    ['2022-11', '2022-11-01T00:00:00Z'],
    ['2022/11/09 8:07', '2022-11-09T08:07:00Z'],
    ['11/9/2022', '2022-11-09T00:00:00Z'],
    ['11-09-2022 12:07 am', '2022-11-09T00:07:00Z'],
    ['11/9/2022 12:07:06 PM', '2022-11-09T12:07:06Z'],
    ['9 Nov 2022 08:07', '2022-11-09T08:07:00Z'],
    ['9-Nov-2022', '2022-11-09T00:00:00Z'],
    ['November 9, 2022 8:07:06 PM', '2022-11-09T20:07:06Z'],
    ['Wed, 09 Nov 2022 08:07:06 GMT', '2022-11-09T08:07:06Z'],
    ['08:07', '2023-05-06T08:07:00Z'],
    ['/Date(1667981226500)/', '2022-11-09T08:07:06.5Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ])('%s', (text, instant) => {
    expect(readTimestamp(text, TODAY)).toBe(instant);
  });
});

describe('a timestamp may not be', () => {
  test.each([
    '',
    '   ',
    'yesterday',
    '2022',
    '1667981226',
    '20221109T080706Z',
    '2022-W45-3',
    '2022-313',
    '2022-11-9T08:07:06Z',
    '2022-11-09T8:07:06Z',
    '2022-11-09T08:07:06,5Z',
    '13/01/2022',
    '2022-11-09T24:46:00Z',
    '2022-11-09T25:00:00Z',
    '2022-11-09T08:60:00Z',
    '2022-11-09T08:07:60Z',
    '2022-02-29T08:07:06Z',
    '2022-11-09T08:07:06+15:00',
    '2022-11-09 13:00 PM',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T24:00:00Z',
  ])('"%s"', (text) => {
    expect(readTimestamp(text, TODAY)).toBeUndefined();
  });
});

test('every instant a Date writes reads as itself', () => {
  const dates = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(dates, (date) => {
      expect(Date.parse(readTimestamp(date.toISOString(), TODAY)!)).toBe(date.getTime());
    }),
  );
});

/** ISO 8601 as devices write it, or nearly: every part may be just beyond what it may be. */
const nearlyIso = (suffix: fc.Arbitrary<string>) => {
  const digits = (least: number, most: number) => fc.integer({ min: least, max: most }).map(String);
  const two = (most: number) => digits(0, most).map((text) => text.padStart(2, '0'));
  const year = fc.oneof(digits(1995, 2030), fc.constantFrom('0000', '0001', '1900', '2000', '9999'));
  const fraction = fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,8}$/), fc.stringMatching(/^\.\d{0,4}0{1,3}$/));
  return fc
    .tuple(year, two(13), two(32), two(25), two(61), two(61), fraction, suffix)
    .map(
      ([y, month, day, hour, minute, second, rest, end]) =>
        `${y}-${month}-${day}T${hour}:${minute}:${second}${rest}${end}`,
    );
};

test('the canonical text of an instant is what reading and writing it gives', () => {
  fc.assert(
    fc.property(nearlyIso(fc.constantFrom('Z', 'Z', 'Z', '', 'z', 'Z ')), (text) => {
      const ticks = parseTicks(text);
      expect(canonicalInstant(text)).toBe(ticks === undefined ? undefined : formatTicks(ticks));
    }),
    { numRuns: 20_000 },
  );
});

test('an offset of hours and minutes may be written with a colon or without', () => {
  const zone = fc.stringMatching(/^[+-](?:0\d|1[0-5]):[0-6]\d$/);
  fc.assert(
    fc.property(nearlyIso(zone), (text) => {
      expect(readTimestamp(text, TODAY)).toBe(readTimestamp(text.replace(/:(\d\d)$/, '$1'), TODAY));
    }),
    { numRuns: 5000 },
  );
});

test('no text makes it throw', () => {
  fc.assert(fc.property(fc.string(), (text) => void readTimestamp(text, TODAY)));
});

import { expect, test } from '@jest/globals';
import { dateRange, periodRange } from '../../../sandbox/fhir-server/date-range.ts';

const from = (text: string): string => `${text}000000000`.slice(0, 29);
const to = (text: string): string => `${text}999999999`.slice(0, 29);

test.each([
  { text: '2026', startAt: from('2026-01-01T00:00:00.'), endAt: to('2026-12-31T23:59:59.') },
  { text: '2024-02', startAt: from('2024-02-01T00:00:00.'), endAt: to('2024-02-29T23:59:59.') },
  { text: '2026-03-05', startAt: from('2026-03-05T00:00:00.'), endAt: to('2026-03-05T23:59:59.') },
  { text: '2026-03-05T10:20Z', startAt: from('2026-03-05T10:20:00.'), endAt: to('2026-03-05T10:20:59.') },
  { text: '2026-03-05T10:20:30', startAt: from('2026-03-05T10:20:30.'), endAt: to('2026-03-05T10:20:30.') },
  { text: '2026-03-05T10:20:30.5Z', startAt: from('2026-03-05T10:20:30.5'), endAt: to('2026-03-05T10:20:30.5') },
  {
    text: '2026-03-05T10:20:30.1234567Z',
    startAt: from('2026-03-05T10:20:30.1234567'),
    endAt: to('2026-03-05T10:20:30.1234567'),
  },
  { text: '2026-01-01T00:30:00+01:00', startAt: from('2025-12-31T23:30:00.'), endAt: to('2025-12-31T23:30:00.') },
  { text: '2025-12-31T20:00:00-05:30', startAt: from('2026-01-01T01:30:00.'), endAt: to('2026-01-01T01:30:00.') },
])('$text covers $startAt to $endAt', ({ text, startAt, endAt }) => {
  expect(dateRange(text)).toEqual({ startAt, endAt });
});

test.each(['', 'yesterday', '2026-3-5', '2026-03-05T10', '10:20:30'])('"%s" is no date', (text) => {
  expect(dateRange(text)).toBeUndefined();
});

test('an end that a period lacks is open', () => {
  expect(periodRange({ start: '2026-03-05' }).endAt > to('9999-12-31T23:59:59.')).toBe(true);
  expect(periodRange({ end: '2026-03-05' }).startAt < from('0001-01-01T00:00:00.')).toBe(true);
});

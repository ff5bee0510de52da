import { expect, test } from '@jest/globals';
import { marksIn } from '../../support/marks.ts';

const MARKS = { patient: 'patient-4711', reading: '71.90417' };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  { name: 'as it is', of: (text: string) => text },
  { name: 'in capitals', of: (text: string) => text.toUpperCase() },
  { name: 'in base64', of: (text: string) => Buffer.from(text).toString('base64') },
  { name: 'in base64, one byte on', of: (text: string) => Buffer.from(`x${text}`).toString('base64') },
  { name: 'in base64, two bytes on', of: (text: string) => Buffer.from(`xy${text}`).toString('base64') },
  { name: 'in hex', of: (text: string) => Buffer.from(text).toString('hex') },
])('a mark is found $name', ({ of }) => {
  expect(marksIn(bytes(`before ${of('{"subject": "patient-4711"}')} after`), MARKS)).toEqual(['patient']);
});

test('what is not there is not found', () => {
  expect(marksIn(bytes('patient-4712 has 71.9'), MARKS)).toEqual([]);
});

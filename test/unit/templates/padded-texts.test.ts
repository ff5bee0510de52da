import { expect, test } from '@jest/globals';
import { IDS, instant, measured, stored, templateOf } from '../../support/fhir-mapping.ts';

/** The original's writer takes white space at the ends of texts away: its Observations are found and left as they are. */
const padded = (pad: string) =>
  templateOf({
    codes: [{ code: `8867-4${pad}`, system: `http://loinc.org${pad}`, display: pad }],
    category: [{ text: `Vital signs${pad}` }],
    value: { valueType: 'Quantity', valueName: 'q', unit: `bpm${pad}`, code: pad },
    components: [{ codes: [], value: { valueType: 'String', valueName: `note${pad}` } }],
  });
const values = (pad: string) => ({ q: '72', [`note${pad}`]: 'at rest' });

test.each([' ', '\t', '\u00a0'])('texts padded with %j are written as those that are not', (pad) => {
  const [[group], [plainGroup]] = [
    padded(pad).group([measured(0, values(pad))]),
    padded('').group([measured(0, values(''))]),
  ];
  const plain = padded('').create(plainGroup!, IDS, instant(9));
  expect(padded(pad).create(group!, IDS, instant(9))).toEqual(plain);
  expect(padded(pad).merge(group!, IDS, stored(plain)).outcome).toBe('unchanged');
});

test('unpaired surrogates become what a server makes of them, so that nothing is written twice', () => {
  const [group] = padded('').group([measured(0, { note: 'a\ud800' })]);
  const created = padded('').create(group!, IDS, instant(9));
  expect(created.component?.[0]?.valueString).toBe('a\ufffd');
  expect(padded('').merge(group!, IDS, stored(created)).outcome).toBe('unchanged');
});

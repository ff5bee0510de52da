import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatFhirJson, parseFhirJson } from '../../../sandbox/fhir-server/fhir-json.ts';

describe('FHIR JSON keeps numbers as they are written', () => {
  test.each(['22.40', '1E-05', '1e3', '-0', '-0.0', '12345678901234567890', '0.1000', '7', '0.5', '-12.25'])(
    '%s',
    (number) => {
      const text = `{"resourceType":"Observation","valueQuantity":{"value":${number}},"list":[${number}]}`;
      expect(formatFhirJson(parseFhirJson(text))).toBe(text);
    },
  );

  test('even when what was parsed is copied entry by entry', () => {
    const copied = Object.fromEntries(Object.entries(parseFhirJson('{"value":22.40}') as object));
    expect(formatFhirJson(copied)).toBe('{"value":22.40}');
  });

  test('and any other JSON as its value', () => {
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => !JSON.stringify(value).includes('\\u0000')),
        (value) => {
          expect(JSON.parse(formatFhirJson(parseFhirJson(JSON.stringify(value))))).toEqual(
            JSON.parse(JSON.stringify(value)),
          );
        },
      ),
    );
  });
});

test.each([
  { name: 'text that is no JSON', text: '{bad' },
  { name: 'a number JSON does not know', text: '{"value":01}' },
  { name: 'a key given twice', text: '{"value":1,"value":2}' },
  { name: 'a text that could be taken for a number', text: '{"value":"\\u000022.40"}' },
])('refuses $name', ({ text }) => {
  expect(() => parseFhirJson(text)).toThrow(SyntaxError);
});

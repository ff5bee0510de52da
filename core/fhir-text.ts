// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/**
 * Whether a text holds characters that no FHIR string may: below U+0020 all but tab, line feed and carriage return.
 *
 * @see https://hl7.org/fhir/R4/datatypes.html#string
 */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text);
}

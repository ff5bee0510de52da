import { parse } from 'lossless-json';

/**
 * Stands in front of a number that JavaScript would write differently (`22.40`, `1E-05`), kept as text. U+0000 is
 * refused in what clients send, so no string of theirs can be taken for a number; and unlike an object of a class,
 * a string survives the copying that batches and patches do.
 */
const NUMBER_MARK = '\u0000';
const MARKED_NUMBER = /"\\u0000([-+.0-9eE]+)"/g;

/**
 * Parses JSON so that `formatFhirJson` writes every number as it was written here.
 *
 * @throws SyntaxError on anything that is not strict JSON, on a key given twice, and on a string holding U+0000
 */
export function parseFhirJson(text: string): unknown {
  if (text.includes('\\u0000')) {
    throw new SyntaxError('A FHIR string holds no U+0000');
  }
  return parse(text, undefined, (number) =>
    String(Number(number)) === number ? Number(number) : NUMBER_MARK + number,
  );
}

/** The JSON text of what `parseFhirJson` returned, or of a copy of it; without white space. */
export function formatFhirJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(MARKED_NUMBER, '$1');
}

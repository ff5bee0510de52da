import type { Expectation } from './mapping-case.ts';

/** Absent ids are expected to be absent. */
const NO_IDS = { patientId: null, encounterId: null, correlationId: null };

/** What a normalization case expects; further members of `expect` are not looked at. Else what is wrong with it. */
export function normalizationExpectation(expect: unknown): Expectation | string {
  const { measurements, templateInvalid, messageError, error } = membersOf(expect);
  if (Array.isArray(measurements)) {
    return { measurements: measurements.map((one) => (isObject(one) ? { ...NO_IDS, ...one } : (one as unknown))) };
  }
  if (templateInvalid === true) return { templateInvalid };
  if (isObject(error)) return { error };
  if (messageError === true) return { messageError };
  return 'expected measurements, templateInvalid: true, messageError: true or an error';
}

/** What a transform case expects; further members of `expect` are not looked at. Else what is wrong with it. */
export function transformExpectation(expect: unknown): Expectation | string {
  const { observations, unchanged, refused, mappingInvalid, error } = membersOf(expect);
  if (mappingInvalid === true) return { mappingInvalid };
  if (error === true || isObject(error)) return { error: error === true ? {} : error };
  const expectation = {
    ...(Array.isArray(observations) && { observations: observations as unknown[] }),
    ...(typeof unchanged === 'boolean' && { unchanged: unchanged ? true : null }),
    ...(Array.isArray(refused) && { refused: refused as unknown[] }),
  };
  return Object.keys(expectation).length > 0
    ? expectation
    : 'expected observations, unchanged, refused, mappingInvalid: true or an error';
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

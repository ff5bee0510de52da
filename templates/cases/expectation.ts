import { z } from 'zod';
import { isObject } from './as-seen-by.ts';
import type { Expectation } from './mapping-case.ts';

/** Absent ids are expected to be absent. */
const NO_IDS = { patientId: null, encounterId: null, correlationId: null };
const Id = z.string().nullish();
/** Further members are compared too: what is not there fails the case. */
const ExpectedMeasurement = z.looseObject({
  type: z.string(),
  deviceId: z.string(),
  occurrenceTimeUtc: z.string(),
  patientId: Id,
  encounterId: Id,
  correlationId: Id,
  properties: z.array(z.looseObject({ name: z.string(), value: z.string() })),
});
const ExpectedMeasurements = z.object({ measurements: z.array(ExpectedMeasurement) });
const ExpectedError = z.object({ error: z.looseObject({ code: z.string() }) });
const Fragments = z.array(z.custom<object>(isObject, 'expected an object')).nullish();
const ExpectedWrites = z.object({ observations: Fragments, refused: Fragments, unchanged: z.boolean().nullish() });

const NORMALIZATION_WAYS = 'one of measurements, templateInvalid: true, messageError: true, or an error with its code';
const TRANSFORM_WAYS = 'one of observations, unchanged: true, mappingInvalid: true, or an error, perhaps with refused';

/** What a normalization case expects; further members of `expect` are not looked at. Else what is wrong with it. */
export function normalizationExpectation(expect: unknown): Expectation | string {
  const { measurements, templateInvalid, messageError, error } = membersOf(expect);
  const isListed = measurements !== undefined && measurements !== null;
  const ways = [isListed, templateInvalid === true, messageError === true].filter(Boolean).length;
  if (ways > 1) return `expected ${NORMALIZATION_WAYS}`;
  if (isListed) return expectedMeasurements(measurements);
  if (templateInvalid === true) return { templateInvalid };
  if (messageError === true) return { messageError };
  return isObject(error) ? expectedError(error) : `expected ${NORMALIZATION_WAYS}`;
}

/** What a transform case expects; further members of `expect` are not looked at. Else what is wrong with it. */
export function transformExpectation(expect: unknown): Expectation | string {
  const { mappingInvalid, error, ...members } = membersOf(expect);
  const read = ExpectedWrites.safeParse(members);
  if (!read.success) return problemsOf(read.error);
  const { observations, unchanged, refused } = read.data;
  const isError = error === true || isObject(error);
  const isWritten = Boolean(observations) || unchanged === true;
  const ways = [mappingInvalid === true, isError, isWritten].filter(Boolean).length;
  // What says nothing but that something is not so would agree with nearly all that can come.
  if (ways > 1 || (ways === 0 && !refused?.length)) return `expected ${TRANSFORM_WAYS}`;
  if (mappingInvalid === true) return { mappingInvalid };
  return {
    ...(isError && { error: error === true ? {} : error }),
    ...(observations && { observations }),
    ...(typeof unchanged === 'boolean' && { unchanged: unchanged || null }),
    ...(refused && { refused: refused.length > 0 ? refused : null }),
  };
}

function expectedMeasurements(measurements: unknown): Expectation | string {
  const read = ExpectedMeasurements.safeParse({ measurements });
  if (!read.success) return problemsOf(read.error);
  return { measurements: read.data.measurements.map((one) => ({ ...NO_IDS, ...one })) };
}

function expectedError(error: object): Expectation | string {
  const read = ExpectedError.safeParse({ error });
  return read.success ? { error } : problemsOf(read.error);
}

function problemsOf({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('/')}: ${message}`).join('; ');
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

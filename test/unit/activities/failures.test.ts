import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asIngestError, toApplicationFailure } from '../../../activities/failures.ts';
import type { FhirOperation } from '../../../activities/fhir-failures.ts';
import { fhirFailure, responseFailure } from '../../../activities/fhir-failures.ts';
import { INGEST_ERRORS, IngestError } from '../../../core/errors.ts';
import { StoreConflictError, StoreUnavailableError } from '../../../stores/object-store.ts';

const outcomeOf = (issue: object) => ({ resourceType: 'OperationOutcome', issue: [issue] });
const OUTCOME = { resourceType: 'OperationOutcome', issue: [] };
const answered = (status: number, operation: FhirOperation, body: unknown = OUTCOME, headers = {}) =>
  responseFailure(status, new Headers(headers), body, operation, 'Observation');

describe('the answer of a FHIR server', () => {
  test.each([
    [302, 'read', 'FHIR_ANSWER_UNREADABLE', 'transient'],
    [400, 'write', 'OBSERVATION_REJECTED', 'bad-data'],
    [400, 'search', 'FHIR_REQUEST_REJECTED', 'waiting'],
    [400, 'read', 'FHIR_REQUEST_REJECTED', 'waiting'],
    [401, 'write', 'FHIR_UNAUTHORIZED', 'waiting'],
    [403, 'search', 'FHIR_FORBIDDEN', 'waiting'],
    [404, 'search', 'FHIR_WRONG_ENDPOINT', 'waiting'],
    [405, 'write', 'FHIR_REQUEST_REJECTED', 'waiting'],
    [406, 'read', 'FHIR_REQUEST_REJECTED', 'waiting'],
    [408, 'read', 'FHIR_TIMEOUT', 'transient'],
    [409, 'write', 'OBSERVATION_CONFLICT', 'transient'],
    [412, 'write', 'OBSERVATION_CONFLICT', 'transient'],
    [413, 'write', 'FHIR_REQUEST_REJECTED', 'waiting'],
    [415, 'write', 'FHIR_REQUEST_REJECTED', 'waiting'],
    [422, 'write', 'OBSERVATION_REJECTED', 'bad-data'],
    [422, 'history', 'FHIR_REQUEST_REJECTED', 'waiting'],
    [429, 'search', 'FHIR_THROTTLED', 'transient'],
    [500, 'write', 'FHIR_UNAVAILABLE', 'transient'],
    [502, 'read', 'FHIR_UNAVAILABLE', 'transient'],
    [503, 'write', 'FHIR_UNAVAILABLE', 'transient'],
    [504, 'history', 'FHIR_UNAVAILABLE', 'transient'],
  ] as const)('%d to a %s is %s, %s', (status, operation, code, kind) => {
    const error = answered(status, operation);
    expect([error.code, error.kind]).toEqual([code, kind]);
    expect(error.message).toBe(`The FHIR server answered the ${operation} of Observation with ${status}`);
    expect(error.details).toEqual({ operation, resourceType: 'Observation', status });
  });

  test.each([
    { name: 'an issue not-found', issue: { code: 'not-found' } },
    {
      name: 'HAPI',
      issue: { code: 'processing', diagnostics: 'Resource Patient/a-1 not found, specified in path: subject' },
    },
    { name: 'words', issue: { code: 'invalid', details: { text: 'Invalid reference' } } },
  ])('a write refused for a missing reference waits ($name)', ({ issue }) => {
    for (const status of [400, 422])
      expect(answered(status, 'write', outcomeOf(issue)).code).toBe('REFERENCE_REJECTED');
    expect(answered(409, 'write', outcomeOf(issue)).code).toBe('OBSERVATION_CONFLICT');
  });

  test('issue codes and places are told, whether the body came as text or parsed', () => {
    const body = outcomeOf({
      code: 'invariant',
      expression: ['Observation.value.ofType(Quantity).value', 'Observation.component[2]'],
    });
    for (const sent of [body, JSON.stringify(body)]) {
      const error = answered(422, 'write', sent);
      expect(error.message).toContain(
        '422 (invariant at Observation.value.ofType(Quantity).value, Observation.component[2])',
      );
      expect(error.details).toMatchObject({ issueCodes: 'invariant' });
    }
    const xpath = outcomeOf({ code: 'structure', location: ['/f:Observation/f:component[1]'] });
    expect(answered(400, 'write', xpath).details['expressions']).toBe('/f:Observation/f:component[1]');
  });

  test.each([
    { value: '7', ms: 7000 },
    { value: '0', ms: 0 },
    { value: '999999999', ms: 86_400_000 },
    { value: 'Thu, 01 Jan 1970 00:00:00 GMT', ms: 0 },
    { value: 'soon', ms: undefined },
  ])('Retry-After $value is a rest of $ms ms', ({ value, ms }) => {
    expect(answered(429, 'write', '', { 'retry-after': value }).details['retryAfterMs']).toBe(ms);
  });

  test.each([
    null,
    17,
    '',
    '<html>',
    '{"issue":',
    { issue: 'x' },
    { error: 'Bad Request' },
    { issue: [null, 17, {}] },
    { issue: [{ expression: 7 }] },
  ])('a body that is no OperationOutcome is no matter: %j', (body) => {
    expect(answered(503, 'read', body).code).toBe('FHIR_UNAVAILABLE');
    expect(answered(400, 'write', body)).toMatchObject({ code: 'FHIR_REQUEST_REJECTED', kind: 'waiting' });
    expect(answered(422, 'write', body)).toMatchObject({ code: 'FHIR_REQUEST_REJECTED', kind: 'waiting' });
  });
});

describe('what is thrown', () => {
  const kitError = (status: number, data: unknown): Error =>
    Object.assign(new Error('GET https://fhir.example/Device?identifier=device-4711'), {
      response: { status, data },
      config: {
        url: 'https://fhir.example/Device?identifier=device-4711',
        headers: new Headers({ 'retry-after': '3' }),
      },
    });

  test('by fhir-kit-client is judged by its answer', () => {
    const error = fhirFailure(kitError(429, ''), 'search', 'Device');
    expect(error).toMatchObject({ code: 'FHIR_THROTTLED', details: { status: 429, retryAfterMs: 3000 } });
  });

  test('by the network names what kept the request from being answered', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code: 'ECONNREFUSED' });
    const error = fhirFailure(new TypeError('fetch failed', { cause }), 'read', 'Observation');
    expect(error).toMatchObject({ code: 'FHIR_UNREACHABLE', details: { cause: 'ECONNREFUSED' } });
    expect(error.message).not.toContain('10.0.0.1');
  });

  test('by a timeout is one', () => {
    expect(fhirFailure(new DOMException('late', 'TimeoutError'), 'read', 'Observation').code).toBe('FHIR_TIMEOUT');
  });

  test('by this system stays what it is', () => {
    const error = new IngestError('OBSERVATION_DELETED', 'why');
    expect(fhirFailure(error, 'read', 'Observation')).toBe(error);
  });

  test('nothing of a URL, a body or a diagnosis gets into what is logged and shown', () => {
    const secret = 'patient-4711';
    const leaky = fc.constantFrom(
      secret,
      `Patient/${secret}`,
      `Observation.subject.where(identifier='${secret}')`,
      `Patient.${secret}`,
      `https://fhir.example/Patient?identifier=${secret}`,
      `Value ${secret} is not a decimal`,
    );
    const issue = fc.record(
      {
        code: leaky,
        severity: leaky,
        diagnostics: leaky,
        details: fc.record({ text: leaky }),
        expression: fc.array(leaky, { maxLength: 3 }),
        location: fc.array(leaky, { maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      leaky,
      fc.array(issue).map((issues) => ({ issue: issues, id: secret })),
    );
    const thrown = fc.oneof(
      fc.tuple(fc.integer({ min: 300, max: 599 }), body).map(([status, data]) => kitError(status, data)),
      fc.tuple(leaky, leaky, leaky).map(([message, code, name]) => Object.assign(new Error(message), { code, name })),
      leaky,
    );
    fc.assert(
      fc.property(thrown, fc.constantFrom<FhirOperation>('read', 'search', 'history', 'write'), (error, operation) => {
        const failure = toApplicationFailure(fhirFailure(error, operation, 'Device'));
        const shown = JSON.stringify([failure.message, failure.type, failure.details]);
        expect(shown).not.toMatch(/4711|fhir\.example/);
      }),
    );
  });
});

describe('the failure of an activity', () => {
  test.each([
    { error: new IngestError('FHIR_THROTTLED', 'why', { retryAfterMs: 5000 }), type: 'FHIR_THROTTLED', delay: 5000 },
    { error: new IngestError('FHIR_TIMEOUT', 'why', { retryAfterMs: 0 }), type: 'FHIR_TIMEOUT', delay: undefined },
    { error: new StoreUnavailableError('read', 'a'), type: 'STORE_UNAVAILABLE', delay: undefined },
    { error: new StoreConflictError('a'), type: 'STORE_UNAVAILABLE', delay: undefined },
    { error: new TypeError('patient-4711'), type: 'UNEXPECTED', delay: undefined },
    { error: 'patient-4711', type: 'UNEXPECTED', delay: undefined },
  ])('$error is $type, to be tried again', ({ error, type, delay }) => {
    const failure = toApplicationFailure(error);
    expect([failure.type, failure.nonRetryable ?? false, failure.nextRetryDelay]).toEqual([type, false, delay]);
    expect(JSON.stringify([failure.message, failure.details, failure.cause])).not.toContain('4711');
    expect(asIngestError(error).code in INGEST_ERRORS).toBe(true);
  });
});

import { describe, expect, test } from '@jest/globals';
import { OperatorError } from '../../../core/operator-error.ts';
import { checkedFault } from '../../../sandbox/fhir-faults/fault.ts';
import { parseFaults } from '../../../sandbox/fhir-faults/fault-text.ts';

describe('faults written as text', () => {
  test.each([
    { text: '', faults: [] },
    { text: ' ; ;', faults: [] },
    { text: 'PUT 503 20%', faults: [{ method: 'PUT', does: 'answer', status: 503, share: 0.2 }] },
    {
      text: '* delay=200ms 10%; GET broken-json 1%;',
      faults: [
        { does: 'delay', delayMs: 200, share: 0.1 },
        { method: 'GET', does: 'broken-json', share: 0.01 },
      ],
    },
    { text: '* cut-before', faults: [{ does: 'cut-before' }] },
    { text: 'PUT cut-after 0.5%', faults: [{ method: 'PUT', does: 'cut-after', share: 0.005 }] },
    {
      text: 'PUT 429 retry-after=2 5%',
      faults: [{ method: 'PUT', does: 'answer', status: 429, retryAfterSeconds: 2, share: 0.05 }],
    },
    { text: 'GET times=3 100% 500', faults: [{ method: 'GET', does: 'answer', status: 500, times: 3, share: 1 }] },
    {
      text: 'GET /Device?identifier= 500',
      faults: [{ method: 'GET', path: /^\/Device\?identifier=/, does: 'answer', status: 500 }],
    },
  ])('%j', ({ text, faults }) => {
    expect(parseFaults(text)).toEqual(faults);
  });

  test('are faults that can be injected', () => {
    const text =
      'PUT /Observation 503 retry-after=0 0.1% times=1; * delay=10m; GET cut-before; * cut-after; * broken-json';
    expect(parseFaults(text).map(checkedFault)).toHaveLength(5);
  });

  test('hit a path by its beginning, taken as it is written', () => {
    const [fault] = parseFaults('* /Observation?a.b 500');
    const hit = ['/Observation?a.b', '/Observation?a.bc', '/Observation?axb', '/x/Observation?a.b'];
    expect(hit.map((path) => fault?.path?.test(path))).toEqual([true, true, false, false]);
  });

  test.each([
    ['503', 'fault 1, word 1: expected GET, PUT, POST, PATCH, DELETE, HEAD, or * for any'],
    ['put 503', 'fault 1, word 1: expected GET, PUT, POST, PATCH, DELETE, HEAD, or * for any'],
    ['PUT', 'fault 1: expected to be told what it does'],
    ['PUT 20%', 'fault 1: expected to be told what it does'],
    ['PUT 200', 'fault 1, word 2: expected a status from 400 to 599'],
    ['PUT 503 600', 'fault 1, word 3: expected a status from 400 to 599'],
    ['PUT 503 cut-after', 'fault 1, word 3: expected only one of its kind'],
    ['PUT 503 5% 6%', 'fault 1, word 4: expected only one of its kind'],
    ['PUT 503 0%', 'fault 1, word 3: expected a share above 0% and up to 100%'],
    ['PUT 503 101%', 'fault 1, word 3: expected a share above 0% and up to 100%'],
    ['PUT 503 times=0', 'fault 1, word 3: expected a whole number from 1'],
    ['PUT 503 times=x', 'fault 1, word 3: expected a whole number from 1'],
    ['PUT 503 retry-after=1.5', 'fault 1, word 3: expected whole seconds'],
    ['PUT cut-after retry-after=1', 'fault 1: expected retry-after only with a status'],
    ['PUT delay=200', 'fault 1, word 2: expected a delay with its unit'],
    ['PUT delay=0s', 'fault 1, word 2: expected a delay with its unit'],
    ['PUT delay=11m', 'fault 1, word 2: expected a delay with its unit'],
    ['PUT explode', 'fault 1, word 2: expected a status, delay=200ms'],
  ])('%j is refused: %s', (text, problem) => {
    expect(() => parseFaults(text)).toThrow(problem);
  });

  test('that are wrong are all told at once, each with its place, and without what was found', () => {
    const secret = 'patient-4711';
    expect.assertions(3);
    try {
      parseFaults(`PUT 503; GET ${secret}; ${secret} 500 5% delay=${secret}`);
    } catch (error) {
      expect(error).toBeInstanceOf(OperatorError);
      const { message } = error as OperatorError;
      expect(message).not.toContain(secret);
      expect(message.match(/fault \d(, word \d)?/g)).toEqual(['fault 2, word 2', 'fault 3, word 1', 'fault 3, word 4']);
    }
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Breaker } from '../../../activities/breaker.ts';
import { IngestError } from '../../../core/errors.ts';
import type { IngestErrorCode } from '../../../core/errors.ts';

/** A server that is asked through a breaker, and a clock. */
class Scene {
  now = 0;
  answer: IngestErrorCode | 'ok' = 'ok';
  askedCount = 0;
  retryAfterMs: number | undefined;
  readonly breaker = new Breaker({ now: () => this.now, random: () => 0.5 });

  async ask(): Promise<string> {
    const request = (): Promise<string> => {
      this.askedCount += 1;
      if (this.answer === 'ok') return Promise.resolve('ok');
      const details = this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs };
      return Promise.reject(new IngestError(this.answer, 'as told', details));
    };
    return await this.breaker.run(request).catch((error: unknown) => (error as IngestError).code);
  }

  async askTimes(count: number): Promise<string[]> {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) answers.push(await this.ask());
    return answers;
  }
}

describe('a server that cannot be reached', () => {
  test('is left alone after three failures in a row, for longer and longer', async () => {
    const scene = new Scene();
    scene.answer = 'FHIR_UNREACHABLE';
    expect(await scene.askTimes(10)).toEqual(Array(10).fill('FHIR_UNREACHABLE'));
    expect(scene.askedCount).toBe(3);
    for (const restMs of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      scene.now += restMs - 1;
      await scene.ask();
      scene.now += 1;
      const before = scene.askedCount;
      await scene.askTimes(3);
      expect([restMs, scene.askedCount - before]).toEqual([restMs, 1]);
    }
  });

  test('is asked by all again once one request got an answer, be it a refusal', async () => {
    for (const answer of ['ok', 'FHIR_FORBIDDEN', 'OBSERVATION_REJECTED', 'FHIR_UNAVAILABLE'] as const) {
      const scene = new Scene();
      scene.answer = 'FHIR_UNREACHABLE';
      await scene.askTimes(3);
      scene.now += 500;
      scene.answer = answer;
      expect(await scene.askTimes(3)).toEqual([answer, answer, answer]);
      expect(scene.askedCount).toBe(6);
    }
  });

  test('is tried by one request at a time', async () => {
    const scene = new Scene();
    scene.answer = 'FHIR_UNREACHABLE';
    await scene.askTimes(3);
    scene.now += 500;
    const pending = Promise.withResolvers<string>();
    const trial = scene.breaker.run(() => pending.promise);
    expect(await scene.askTimes(2)).toEqual(['FHIR_UNREACHABLE', 'FHIR_UNREACHABLE']);
    expect(scene.askedCount).toBe(3);
    pending.resolve('ok');
    expect(await trial).toBe('ok');
    scene.answer = 'ok';
    expect(await scene.ask()).toBe('ok');
  });

  test('is tried by the next when the request that tried was called off', async () => {
    const scene = new Scene();
    scene.answer = 'FHIR_UNREACHABLE';
    await scene.askTimes(3);
    scene.now += 500;
    await scene.breaker.run(() => Promise.reject(new Error('called off'))).catch(() => undefined);
    scene.answer = 'ok';
    expect(await scene.ask()).toBe('ok');
  });

  test.each(['FHIR_UNREACHABLE', 'FHIR_TIMEOUT'] as const)('is not healed by a trial that ends in %s', async (code) => {
    const scene = new Scene();
    scene.answer = code;
    await scene.askTimes(3);
    scene.now += 500;
    expect(await scene.askTimes(2)).toEqual([code, 'FHIR_UNREACHABLE']);
    expect(scene.askedCount).toBe(4);
    scene.now += 999;
    await scene.ask();
    expect(scene.askedCount).toBe(4);
  });

  test('now and then is no outage', async () => {
    const scene = new Scene();
    for (let i = 0; i < 10; i++) {
      scene.answer = 'FHIR_UNREACHABLE';
      await scene.askTimes(2);
      scene.answer = 'ok';
      await scene.ask();
    }
    expect(scene.askedCount).toBe(30);
  });
});

describe('a server that throttles', () => {
  test('is left alone at once, for as long as it asks', async () => {
    const scene = new Scene();
    scene.answer = 'FHIR_THROTTLED';
    scene.retryAfterMs = 7000;
    await scene.askTimes(3);
    expect(scene.askedCount).toBe(1);
    scene.now += 6999;
    await scene.ask();
    expect(scene.askedCount).toBe(1);
    scene.now += 1;
    scene.answer = 'ok';
    expect(await scene.ask()).toBe('ok');
  });
});

test('a server that asks for a day is tried within five minutes', async () => {
  const scene = new Scene();
  scene.answer = 'FHIR_THROTTLED';
  scene.retryAfterMs = 86_400_000;
  await scene.ask();
  scene.now = 300_000;
  scene.answer = 'ok';
  expect(await scene.ask()).toBe('ok');
});

test('who is refused is told when to come back: after the rest, not all at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (random) => {
      const breaker = new Breaker({ now: () => 0, random: () => random });
      const fail = () => Promise.reject(new IngestError('FHIR_THROTTLED', 'as told', { retryAfterMs: 10_000 }));
      await breaker.run(fail).catch(() => undefined);
      const refused = (await breaker.run(fail).catch((error: unknown) => error)) as IngestError;
      expect(refused.details['retryAfterMs']).toBeGreaterThanOrEqual(10_000);
      expect(refused.details['retryAfterMs']).toBeLessThanOrEqual(20_500);
    }),
  );
});

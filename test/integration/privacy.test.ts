import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomKey } from '../support/encryption-keys.ts';
import { marksIn } from '../support/marks.ts';
import type { Evidence } from '../support/marked-run.ts';
import { MarkedRun, MARKS } from '../support/marked-run.ts';

const DEVICES = ['device', 'strangeDevice'];
const ofDevices = (names: readonly string[]): string[] => names.filter((name) => DEVICES.includes(name)).sort();
const ofOthers = (names: readonly string[]): string[] => names.filter((name) => !DEVICES.includes(name)).sort();

describe.each([
  { name: 'with a key', settings: { encryptionKeys: `k1:${randomKey()}`, idHashKey: randomKey() } },
  { name: 'without a key', settings: {} },
])('$name', ({ name, settings }) => {
  const isEncrypted = name === 'with a key';
  let run: MarkedRun;
  let evidence: Evidence;
  const marksOf = (part: Exclude<keyof Evidence, 'failureCount'>): string[] => marksIn(evidence[part], MARKS);

  beforeAll(async () => {
    run = await MarkedRun.start(settings);
    await run.play();
    evidence = await run.evidence();
  });
  afterAll(async () => {
    await run.stop();
  });

  test('no reading, patient or message is in a log, a failure, a name, a metric or a health answer', () => {
    expect(evidence.failureCount).toBeGreaterThan(0);
    const open = (['logs', 'failures', 'names', 'endpoints'] as const).map((part) => [part, ofOthers(marksOf(part))]);
    expect(Object.fromEntries(open)).toEqual({ logs: [], failures: [], names: [], endpoints: [] });
  });

  test('a device is named by its id only without a key, and nowhere but in names and in logs that hold them', () => {
    const found = isEncrypted ? [] : DEVICES;
    expect(ofDevices(marksOf('names'))).toEqual(found);
    expect(ofDevices(marksOf('logs'))).toEqual(found);
    expect(ofDevices([...marksOf('failures'), ...marksOf('endpoints')])).toEqual([]);
  });

  // Without a key this shows that the test looks where it is, in the form in which it is there.
  test('histories and the store hold all of it without a key, and nothing with one', () => {
    const { device, strangeDevice, patient, otherPatient, reading, heldReading, unreadable } = MARKS;
    const kept = isEncrypted ? {} : { device, strangeDevice, patient, otherPatient, reading, heldReading, unreadable };
    expect(marksOf('histories').sort()).toEqual(Object.keys(kept).sort());
    const stored = isEncrypted ? [] : ['brokenBody', 'device', 'heldReading', 'reading', 'unreadable'];
    expect(marksOf('store').sort()).toEqual(expect.arrayContaining(stored));
    expect(marksOf('store').length > 0).toBe(!isEncrypted);
    expect(ofOthers(marksOf('descriptions'))).toEqual([]);
    expect(ofDevices(marksOf('descriptions'))).toEqual(isEncrypted ? [] : DEVICES);
  });

  test('failures are in words without a key, and in none with one', () => {
    const text = Buffer.from(evidence.failures).toString();
    expect(text.includes('Encoded failure')).toBe(isEncrypted);
    expect(text.includes('The FHIR server answered')).toBe(!isEncrypted);
  });

  test('histories replay', async () => {
    expect(await run.system.expectDeterministic()).toBeGreaterThanOrEqual(3);
  });

  test('a start without a key says so once in each process', () => {
    const warnings = Buffer.from(evidence.logs).toString().split('no encryption keys are set').length - 1;
    expect(warnings).toBe(isEncrypted ? 0 : 2);
  });
});

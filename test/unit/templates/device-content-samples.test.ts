import { describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { runSampleCase, sampleCases, SAMPLES, sampleText } from '../../support/sample-cases.ts';

describe.each(readdirSync(SAMPLES))('the sample %s', (sample) => {
  test('has a device content template without any issue', () => {
    expect(loadDeviceContent(sampleText(sample, 'devicecontent.json'))).toMatchObject({ ok: true, issues: [] });
  });

  test.each(sampleCases(sample, 'cases.json'))('$name', (each) => {
    const { comparison } = runSampleCase(sample, each);
    expect(comparison.seen).toEqual(comparison.expected);
  });
});

import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig, printableConfig } from '../../../config/load-config.ts';
import type { FaultShares } from '../../../config/simulated-faults.ts';
import { faultsText } from '../../../config/simulated-faults.ts';

const read = (text: string): FaultShares => loadConfig({ IOMT_SIMULATED_FAULTS: text }).simulatedFaults;

describe('the faults of simulated devices', () => {
  test.each([
    { text: '', expected: {} },
    { text: ' , ', expected: {} },
    { text: 'late', expected: { late: 0.05 } },
    { text: 'duplicates=10%,late', expected: { duplicates: 0.1, late: 0.05 } },
    { text: ' out-of-order = 0.5% , clock-skew,', expected: { 'out-of-order': 0.005, 'clock-skew': 0.05 } },
    {
      text: 'malformed=100%,unknown-devices=2%,bursts=1%',
      expected: { malformed: 1, 'unknown-devices': 0.02, bursts: 0.01 },
    },
  ])('"$text" is read', ({ text, expected }) => {
    expect(read(text)).toEqual(expected);
    expect(read(faultsText(read(text)))).toEqual(expected);
  });

  test.each([
    { text: 'lte', expected: 'faults separated by commas, out of duplicates, late, out-of-order' },
    { text: 'Late', expected: 'faults separated by commas' },
    { text: 'late;malformed', expected: 'faults separated by commas' },
    { text: 'toString', expected: 'faults separated by commas' },
    { text: 'late=', expected: 'a share above 0% and up to 100%' },
    { text: 'late=5', expected: 'a share' },
    { text: 'late=0%', expected: 'a share' },
    { text: 'late=101%', expected: 'a share' },
    { text: 'late=-5%', expected: 'a share' },
    { text: 'late=5%=6%', expected: 'a share' },
    { text: 'malformed,late=5%,late', expected: 'each fault once; entry 3 is another' },
  ])('"$text" is refused', ({ text, expected }) => {
    expect(() => read(text)).toThrow(ConfigError);
    expect(() => read(text)).toThrow(`IOMT_SIMULATED_FAULTS: expected ${expected}`);
  });

  test('what is refused is named by its place and not repeated: it may be a secret in the wrong place', () => {
    expect(() => read('late,,patient-4711=5%')).toThrow(/^(?![^]*4711)[^]*; entry 2 is another$/);
  });

  test('are printed as they would be written', () => {
    const printed = printableConfig(loadConfig({ IOMT_SIMULATED_FAULTS: 'late,duplicates=0.1%' }));
    expect(printed['IOMT_SIMULATED_FAULTS']).toBe('duplicates=0.1%,late=5%');
    expect(printableConfig(loadConfig({}))['IOMT_SIMULATED_FAULTS']).toBe('');
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { namingOf } from '../../../core/naming.ts';
import { workflowIdOf } from '../../../core/workflow-id.ts';

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const hashed = namingOf('iomt', key(1));
const id = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('', '\ud800', '\ud801', 'a', 'A'));

test('without a key, devices are named by their ids', () => {
  const { device, workflow, fingerprint } = namingOf('iomt');
  expect([device('watch 1'), workflow('watch 1', 'heartRate'), fingerprint]).toEqual([
    'watch 1',
    workflowIdOf('iomt', 'watch 1', 'heartRate'),
    'plain',
  ]);
});

describe('with a key', () => {
  test('a device has the same name for ever', () => {
    expect(hashed.device('watch-1')).toBe('d001925bf2e5174aeb828aeb38fa0533');
    expect(hashed.workflow('watch-1', 'heartRate')).toBe(`iomt.${hashed.device('watch-1')}.heartRate`);
  });

  test('its id is not in it, and devices that differ have other names', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(hashed.device(a)).toMatch(/^[0-9a-f]{32}$/);
        expect(hashed.device(a) === hashed.device(b)).toBe(a === b);
      }),
    );
  });

  test('another key gives other names, and another fingerprint', () => {
    const other = namingOf('iomt', key(2));
    expect(other.device('watch-1')).not.toBe(hashed.device('watch-1'));
    expect(other.fingerprint).not.toBe(hashed.fingerprint);
    expect(hashed.fingerprint).toBe(namingOf('trial', key(1)).fingerprint);
    expect(hashed.fingerprint).toMatch(/^hashed-[0-9a-f]{16}$/);
  });
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { workflowIdOf } from '../../../core/workflow-id.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 90 }),
  fc.string({ unit: fc.constantFrom('a', '.', '~', '2', 'e', '\ud800', '\udc00'), maxLength: 12 }),
);

test.each([
  { device: 'device-1', type: 'heartRate', id: 'iomt.device-1.heartRate' },
  { device: 'a.b', type: 'c', id: 'iomt.a~2eb.c' },
  { device: 'a~b', type: 'c/d%', id: 'iomt.a~7eb.c~2fd~25' },
  { device: 'ü', type: 'Herz frequenz', id: 'iomt.~c3~bc.Herz~20frequenz' },
  { device: '', type: '', id: 'iomt..' },
])('$device and $type: $id', ({ device, type, id }) => {
  expect(workflowIdOf('iomt', device, type)).toBe(id);
});

test('a device or a type that differs has another id', () => {
  fc.assert(
    fc.property(text, text, text, text, (deviceA, typeA, deviceB, typeB) => {
      fc.pre(deviceA !== deviceB || typeA !== typeB);
      expect(workflowIdOf('iomt', deviceA, typeA)).not.toBe(workflowIdOf('iomt', deviceB, typeB));
    }),
    { numRuns: 2000 },
  );
});

test('unpaired surrogates make different devices too', () => {
  expect(workflowIdOf('iomt', '\ud800', 't')).not.toBe(workflowIdOf('iomt', '\ud801', 't'));
});

test('an id is at most 200 bytes of letters, digits, _ - . and ~, and begins with its deployment', () => {
  const deployment = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
  const long = fc.string({ unit: 'binary', maxLength: 400 });
  fc.assert(
    fc.property(deployment, long, long, (name, device, type) => {
      const id = workflowIdOf(name, device, type);
      expect(id).toMatch(/^[A-Za-z0-9_.~-]{1,200}$/);
      expect(id.startsWith(`${name}.`)).toBe(true);
    }),
  );
});

test('exactly 200 bytes are still spelled out', () => {
  const device = 'd'.repeat(200 - 'iomt..t'.length);
  expect(workflowIdOf('iomt', device, 't')).toBe(`iomt.${device}.t`);
  expect(workflowIdOf('iomt', `${device}d`, 't')).toMatch(/^iomt\.~\.[0-9a-f]{64}$/);
});

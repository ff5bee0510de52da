import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { joinedSamples } from '../../../sandbox/demo-templates.ts';
import type { AmqpMessage } from '../../../sandbox/simulator/device-event.ts';
import { simulatedDevices } from '../../../sandbox/simulator/devices.ts';
import { malformed } from '../../../sandbox/simulator/malformed.ts';
import { IngestError } from '../../../core/errors.ts';
import type { JsonObject } from '../../../core/device-message.ts';
import { loadDeviceContent } from '../../../templates/device-content/load.ts';
import { parseMessageBody } from '../../../templates/device-content/message-body.ts';
import { loadFhirMapping } from '../../../templates/fhir-mapping/load.ts';

const at = new Date('2024-03-01T08:15:30Z');
const devices = simulatedDevices(1, () => 0.5);
const loadedContent = loadDeviceContent(JSON.stringify(joinedSamples('devicecontent.json')));
const loadedMapping = loadFhirMapping(JSON.stringify(joinedSamples('fhirmapping.json')));
if (!loadedContent.ok || !loadedMapping.ok) throw new RangeError('Expected the samples to be loadable');
const [content, mapping] = [loadedContent.template, loadedMapping.template];

/** Codes of what is wrong with an event: of the event as a whole, or of each of its measurements. */
function problemsOf({
  body,
  applicationProperties = {},
  messageAnnotations = {},
}: AmqpMessage): (string | undefined)[] {
  try {
    const properties = [applicationProperties, messageAnnotations].map(
      (each) => JSON.parse(JSON.stringify(each)) as JsonObject,
    );
    const message = {
      Body: parseMessageBody(body as Buffer),
      Properties: properties[0]!,
      SystemProperties: properties[1]!,
    };
    const measurements = content.normalize(message, { enqueuedAt: at.toISOString() });
    return measurements.map((measurement) => mapping.forType(measurement.type)?.judge(measurement)?.code);
  } catch (error) {
    if (error instanceof IngestError) return [error.code];
    throw error;
  }
}

test.each(devices)('nothing is wrong with what $deviceId sends', (device) => {
  const problems = problemsOf(device.event(at));
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
});

test.each(devices)('nothing can be read from what $deviceId sends when it is spoilt, in whatever way', (device) => {
  const drawArb = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(drawArb, drawArb, (way, where) => {
      const draws = [way, where];
      const problems = problemsOf(malformed(device.event(at), () => draws.shift() ?? 0.5));
      expect(problems.length).toBeGreaterThan(0);
      expect(problems).not.toContain(undefined);
    }),
    { numRuns: 30 },
  );
});

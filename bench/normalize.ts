import assert from 'node:assert/strict';
import { ticksOf, ticksToMs } from '../core/ticks.ts';
import { parseMessageBody } from '../templates/device-content/message-body.ts';
import { loadDeviceContent } from '../templates/device-content/load.ts';
import { naiveNormalizer } from './naive-normalize.ts';
import type { NaiveMeasurement } from './naive-normalize.ts';
import { compare } from './rounds.ts';
import type { Comparison } from './rounds.ts';
import { runSideBySide } from './side-by-side.ts';
import { workloads } from './workloads.ts';
import type { Workload } from './workloads.ts';

runSideBySide(import.meta.filename, {
  header: `\
| templates, message | bytes | measurements | messages/s | naive | times as fast |
| --- | ---: | ---: | ---: | ---: | ---: |`,
  workloads: workloads(),
  measure,
  describe: (workload) => [workload.name, workload.body.length, normalizer(workload)(workload.body).length],
});

function measure(workload: Workload): Comparison {
  const { body } = workload;
  const [ours, naive] = [normalizer(workload), naiveNormalizer(workload)];
  const [expected, actual] = [naive(body).map(comparable), ours(body).map(comparable)];
  assert.deepEqual(actual, expected, 'Expected both to give the same measurements');
  return compare(
    () => ours(body),
    () => naive(body),
  );
}

/** What both know of a measurement: its time to the millisecond, since a `Date` holds no more. */
function comparable({ deviceId, occurrenceTimeUtc, properties }: NaiveMeasurement) {
  return { deviceId, occurredAt: ticksToMs(ticksOf(occurrenceTimeUtc)), properties };
}

function normalizer({ content, properties, systemProperties }: Workload) {
  const loaded = loadDeviceContent(content);
  if (!loaded.ok) throw new TypeError(JSON.stringify(loaded.issues));
  const { template } = loaded;
  const context = { enqueuedAt: '2024-03-01T08:15:31.000Z' };
  return (bytes: Uint8Array) => {
    const message = { Body: parseMessageBody(bytes), Properties: properties, SystemProperties: systemProperties };
    return template.normalize(message, context);
  };
}

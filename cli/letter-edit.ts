import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { Measurement } from '../core/measurement.ts';
import { OperatorError } from '../core/operator-error.ts';
import type { Edit } from '../core/replay.ts';
import { parseTicks } from '../core/ticks.ts';

const Instant = z.string().refine((text) => parseTicks(text) !== undefined, 'Expected ISO 8601 in UTC, ending in Z');
const Id = z.string().refine((text) => text.trim() !== '', 'Expected a text that is not blank');
const Measurements: z.ZodType<readonly Measurement[]> = z.array(
  z.strictObject({
    type: Id,
    deviceId: Id,
    patientId: z.string().exactOptional(),
    encounterId: z.string().exactOptional(),
    correlationId: z.string().exactOptional(),
    occurrenceTimeUtc: Instant,
    ingestionTimeUtc: Instant,
    properties: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  }),
);

/**
 * What a file has in place of what a letter holds: the body of its event as it is, or its measurements as JSON, as many
 * as it has.
 *
 * @throws OperatorError
 */
export function editFrom(file: string, letter: DeadLetter): Edit {
  const bytes = bytesOf(file);
  if (letter.event !== undefined) return { event: { ...letter.event, body: bytes.toString('base64') } };
  const read = Measurements.safeParse(jsonOf(file, bytes));
  if (!read.success) {
    const problems = read.error.issues.map(({ path, message }) => `/${path.join('/')}: ${message}`);
    throw new OperatorError(`${file}: ${problems.join('; ')}`);
  }
  const count = letter.positions.length;
  if (read.data.length !== count) throw new OperatorError(`${file}: expected ${count} measurements, as the letter has`);
  return { measurements: read.data };
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    // The system's words name the file and the reason.
    throw new OperatorError(String(error).replace(/^Error: /, ''), { cause: error });
  }
}

function jsonOf(file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new OperatorError(`${file}: expected the measurements of the letter as JSON (dead-letters show --content)`);
  }
}

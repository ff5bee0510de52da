import { z } from 'zod';
import type { Measurement } from '../../core/measurement.ts';
import { parseTicks } from '../../core/ticks.ts';

const OptionalText = z.string().nullish();
const Instant = z
  .string()
  .refine((text) => parseTicks(text) !== undefined, 'expected an instant as YYYY-MM-DDThh:mm:ssZ');

/** The group of a transform case. Null counts as absent. */
export const CaseGroup = z.object({
  type: z.string(),
  deviceId: z.string(),
  patientId: OptionalText,
  encounterId: OptionalText,
  correlationId: OptionalText,
  measurements: z.array(
    z.object({
      occurrenceTimeUtc: Instant,
      ingestionTimeUtc: Instant.nullish(),
      properties: z.array(z.object({ name: z.string(), value: OptionalText })),
    }),
  ),
});

/** A value that is null carries nothing. Without a time of ingestion the later in the group counts as the later. */
export function measurementsOf({ measurements, ...shared }: z.infer<typeof CaseGroup>): Measurement[] {
  const { type, deviceId, patientId, encounterId, correlationId } = shared;
  return measurements.map(({ occurrenceTimeUtc, ingestionTimeUtc, properties }) => ({
    type,
    deviceId,
    ...present('patientId', patientId),
    ...present('encounterId', encounterId),
    ...present('correlationId', correlationId),
    occurrenceTimeUtc,
    ingestionTimeUtc: ingestionTimeUtc ?? occurrenceTimeUtc,
    properties: properties.flatMap(({ name, value }) => (typeof value === 'string' ? [{ name, value }] : [])),
  }));
}

export function present<Name extends string>(
  name: Name,
  value: string | null | undefined,
): Partial<Record<Name, string>> {
  return value === null || value === undefined ? {} : ({ [name]: value } as Record<Name, string>);
}

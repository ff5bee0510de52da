import type { Extension } from 'fhir/r4.js';
import { compareDateTimes, exactDateTime, formatFhirInstant, parseFhirDateTime } from './fhir-date-time.ts';
import type { FhirDateTime, TimePrecision } from './fhir-date-time.ts';
import type { Ticks } from './ticks.ts';

/**
 * Names the extension on a value that may be replaced: when its reading was taken (`occurrence`) and taken in
 * (`ingestion`). By it the later of two readings wins, in whatever order they are delivered.
 */
const SOURCE_TIME_URL = 'urn:iomt-fhir-connector-temporal:source-time';

/** When a value was measured, and when the hub took it in. */
export interface SourceTime {
  readonly occurrence: Ticks;
  readonly ingestion: Ticks;
}

/** As it stands in a resource, perhaps with digits that a server has cut. */
interface StoredSourceTime {
  readonly occurrence: FhirDateTime;
  readonly ingestion: FhirDateTime;
}

export function sourceTimeExtension(time: SourceTime, precision: TimePrecision): Extension {
  return {
    url: SOURCE_TIME_URL,
    extension: [
      { url: 'occurrence', valueInstant: formatFhirInstant(time.occurrence, precision) },
      { url: 'ingestion', valueInstant: formatFhirInstant(time.ingestion, precision) },
    ],
  };
}

/**
 * Compares a new value's source time with the one that a stored element carries: by occurrence, then by ingestion, each
 * to the precision the server has kept.
 *
 * @param element the stored value, or the `_value…` beside a primitive one
 * @returns undefined when it carries none that can be read
 */
export function compareToStored(time: SourceTime, element: unknown): number | undefined {
  const stored = storedSourceTime(element);
  if (stored === undefined) return undefined;
  const byOccurrence = compareDateTimes(exactDateTime(time.occurrence), stored.occurrence);
  return byOccurrence !== 0 ? byOccurrence : compareDateTimes(exactDateTime(time.ingestion), stored.ingestion);
}

/** The source time a stored element carries; one without is as old as `fallback`. */
export function storedSourceTimeOr(element: unknown, fallback: Ticks): SourceTime {
  const stored = storedSourceTime(element);
  return { occurrence: stored?.occurrence.ticks ?? fallback, ingestion: stored?.ingestion.ticks ?? fallback };
}

function storedSourceTime(element: unknown): StoredSourceTime | undefined {
  const extension = extensionOf(element, SOURCE_TIME_URL);
  const occurrence = parseFhirDateTime(extensionOf(extension, 'occurrence')?.valueInstant);
  const ingestion = parseFhirDateTime(extensionOf(extension, 'ingestion')?.valueInstant);
  return occurrence === undefined || ingestion === undefined ? undefined : { occurrence, ingestion };
}

function extensionOf(element: unknown, url: string): Extension | undefined {
  const extensions = (element as { extension?: unknown } | undefined)?.extension;
  if (!Array.isArray(extensions)) return undefined;
  return (extensions as (Extension | null)[]).find((extension) => extension?.url === url) ?? undefined;
}

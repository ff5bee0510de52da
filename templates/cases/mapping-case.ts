import type { IngestErrorCode, IngestErrorDetails } from '../../core/errors.ts';
import type { Measurement } from '../../core/measurement.ts';
import type { TemplateIssue } from '../../core/template-issue.ts';
import type { IdentifiedResource, ResolvedIds } from '../fhir-mapping/load.ts';
import type { TextPlace } from '../text-place.ts';

/**
 * A template as its own text, or the file that holds it, as the case names it. `place` tells where the text begins in the
 * file of cases, of which it is a part as it stands.
 */
export type TemplateSource = { readonly text: string; readonly place?: () => TextPlace } | { readonly file: string };

/** What a case expects of its `actual`: members that are listed must agree; see `asSeenBy`. */
export type Expectation = Readonly<Record<string, unknown>>;

/** A message, and the measurements it is to become. */
export interface NormalizationCase {
  readonly kind: 'normalization';
  readonly name: string;
  readonly template: TemplateSource;
  /** JSON text: `{Body, Properties, SystemProperties}`, or any object; undefined when the template is only loaded. */
  readonly messageText?: string;
  /** Takes the place of the message's `Body`; perhaps no JSON. */
  readonly bodyText?: string;
  /** ISO 8601 UTC. */
  readonly enqueuedAt?: string;
  readonly expectation: Expectation;
}

/** Measurements that share their identity, and the Observations they are to become. */
export interface TransformCase {
  readonly kind: 'transform';
  readonly name: string;
  readonly mapping: TemplateSource;
  readonly type: string;
  readonly measurements: readonly Measurement[];
  readonly ids: ResolvedIds;
  /** The stored resource they are merged into; its numbers are `LosslessNumber`. */
  readonly existing?: IdentifiedResource;
  readonly expectation: Expectation;
}

/** A case that cannot be run as it is written. */
interface InvalidCase {
  readonly kind: 'invalid';
  readonly name: string;
  readonly problems: readonly string[];
}

export type MappingCase = NormalizationCase | TransformCase | InvalidCase;

/** An error of the catalogue as a case shows it, its details beside code and message. */
export type CaseError = IngestErrorDetails & { readonly code: IngestErrorCode; readonly message: string };

/** A measurement that bad data kept out, by its index in the group. */
export type RefusedMeasurement = CaseError & { readonly index: number; readonly occurrenceTimeUtc: string };

/** What became of a case. */
export type CaseActual =
  | { readonly measurements: readonly Omit<Measurement, 'ingestionTimeUtc'>[] }
  | { readonly templateInvalid: true; readonly issues: readonly TemplateIssue[] }
  | { readonly messageError: true; readonly error: CaseError }
  | {
      readonly observations: readonly unknown[];
      readonly refused?: readonly RefusedMeasurement[];
      readonly unchanged?: true;
    }
  | { readonly mappingInvalid: true; readonly issues: readonly TemplateIssue[] }
  | {
      /** `waits` until the world is mended; otherwise it is bad data. */
      readonly error: CaseError & { readonly waits: boolean };
      readonly refused?: readonly RefusedMeasurement[];
    }
  | { readonly caseInvalid: true; readonly problems: readonly string[] };

export interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  readonly actual: CaseActual;
  /** What was expected, and the actual as that expectation sees it: equal when the case passed. */
  readonly comparison: { readonly expected: unknown; readonly seen: unknown };
}

import type { Observation, ObservationComponent } from 'fhir/r4.js';
import { IngestError } from './errors.ts';
import { parseFhirDateTime } from './fhir-date-time.ts';
import type { FhirDateTime } from './fhir-date-time.ts';
import type { ResolvedIdentity } from './identity.ts';
import { CONNECTOR_SYSTEM } from './observation-identifier.ts';
import type { ObservationIdentifier } from './observation-identifier.ts';

/** What carries a value: the Observation itself or one of its components. */
export type ValueHolder = Observation | ObservationComponent;

/** Both ends inclusive. */
export interface StoredPeriod {
  readonly start: FhirDateTime;
  readonly end: FhirDateTime;
}

const REFERENCE = /(?:^|\/)([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/;

/**
 * Refuses to touch what a server answered unless it is a living Observation of ours, with the shape FHIR gives it. What
 * it does not say (no subject, no device, no identifier of ours) does not speak against it.
 *
 * @throws IngestError OBSERVATION_UNMERGEABLE, OBSERVATION_FOREIGN, OBSERVATION_RETIRED
 */
export function checkMergeable(stored: Observation, ids: ResolvedIdentity, identifier: ObservationIdentifier): void {
  checkShape(stored);
  checkReference(stored.subject, 'subject', `Patient/${ids.patient}`);
  checkReference(stored.device, 'device', `Device/${ids.device}`);
  const given = listOf(stored.identifier).filter(({ system }) => system === CONNECTOR_SYSTEM);
  if (given.length > 0 && !given.some(({ value }) => value === identifier.value))
    throw foreign('Expected the stored Observation to carry the identifier it was looked up by');
  if (stored.status === 'entered-in-error' || stored.status === 'cancelled')
    throw new IngestError('OBSERVATION_RETIRED', `The stored Observation is ${stored.status}`, {
      status: stored.status,
    });
}

/** @throws IngestError OBSERVATION_UNMERGEABLE unless it has a whole effectivePeriod or an effectiveDateTime */
export function effectivePeriodOf(stored: Observation): StoredPeriod {
  const start = parseFhirDateTime(stored.effectiveDateTime ?? stored.effectivePeriod?.start);
  const end = parseFhirDateTime(stored.effectiveDateTime ?? stored.effectivePeriod?.end);
  if (start !== undefined && end !== undefined && start.ticks <= end.ticks) return { start, end };
  throw unmergeable('Expected the stored Observation to have an effectivePeriod with start and end');
}

/** The name of its value[x], whatever the type; undefined when it has no value. */
export function valueElementOf(holder: ValueHolder): string | undefined {
  for (const [name, value] of Object.entries(holder) as [string, unknown][]) {
    if (value !== undefined && value !== null && /^_?value[A-Z]/.test(name)) return name.replace('_', '');
  }
  return undefined;
}

/** The components that the connector gave that value name, in their order. */
export function componentsNamed(observation: Observation, valueName: string): ObservationComponent[] {
  return (observation.component ?? []).filter((component) => valueNamesOf(component).includes(valueName));
}

/** The value names that the connector gave a component: one, or none where it is somebody else's. */
export function valueNamesOf(component: ObservationComponent): (string | undefined)[] {
  const { coding } = (component as Partial<ObservationComponent>).code ?? {};
  return listOf(coding).flatMap(({ system, code }) => (system === CONNECTOR_SYSTEM ? [code] : []));
}

export function unmergeable(message: string): IngestError {
  return new IngestError('OBSERVATION_UNMERGEABLE', message);
}

function foreign(message: string): IngestError {
  return new IngestError('OBSERVATION_FOREIGN', message);
}

/** A server may answer anything: what is read further on has to be there in the right shape. */
function checkShape(stored: unknown): asserts stored is Observation {
  const { resourceType, component } = isObject(stored) ? stored : {};
  if (resourceType !== 'Observation') throw unmergeable('Expected an Observation under the id of one');
  const hasComponents = component === undefined || (Array.isArray(component) && component.every(isObject));
  if (!hasComponents) throw unmergeable('Expected the components of the stored Observation to be a list of objects');
}

/** Absolute and versioned references are fine. */
function checkReference(reference: unknown, member: string, expected: string): void {
  if (reference === undefined || reference === null) return;
  const text = isObject(reference) ? reference['reference'] : undefined;
  const found = typeof text === 'string' ? REFERENCE.exec(text)?.[1] : undefined;
  if (found !== expected)
    throw foreign(`Expected the stored Observation to have the ${member} its group was resolved to`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list, of anything else none. */
function listOf<Item>(value: readonly Item[] | undefined): Item[] {
  return Array.isArray(value) ? (value as Item[]).filter(isObject) : [];
}

import type { DeliveryInput, DeliveryOutcome } from '../core/delivery.ts';
import { INGEST_ERRORS, IngestError } from '../core/errors.ts';
import type { IngestErrorCode } from '../core/errors.ts';
import type { IdentityAnswer, ResolvedIdentity } from '../core/identity.ts';
import { assignmentAt, identityKey } from '../core/identity.ts';
import { observationIdentifier } from '../core/observation-identifier.ts';
import { ticksOf } from '../core/ticks.ts';
import type { Claims } from '../stores/claims.ts';
import type { DeadLetters } from '../stores/dead-letters.ts';
import type { FhirMapping, ObservationGroup, ObservationTemplate } from '../templates/fhir-mapping/fhir-mapping.ts';
import { OutcomeBook } from './delivery-outcome.ts';
import { asIngestError, toApplicationFailure } from './failures.ts';
import type { FhirClient } from './fhir-client.ts';
import { writeObservation } from './observation-writer.ts';
import type { OpenedBatches, Reading } from './readings.ts';
import { openBatches } from './readings.ts';

/** The newest valid FHIR mapping and its content hash. */
export interface CurrentMapping {
  readonly version: string;
  readonly mapping: FhirMapping;
}

/** What a running activity is told about itself; Temporal's context, behind a port so that it can be run without it. */
export interface ActivityScope {
  readonly workflowId: string;
  /** Reports life; throws nothing. */
  heartbeat(): void;
  /** Throws once the activity is cancelled or out of time: nothing may be sent afterwards. */
  assertMayGoOn(): void;
}

export interface ObservationDeps {
  readonly fhir: FhirClient;
  readonly claims: Claims;
  readonly deadLetters: DeadLetters;
  /** `afresh`: the pointer is read again first. */
  readonly currentMapping: (options?: { afresh: boolean }) => Promise<CurrentMapping>;
  readonly scope: () => ActivityScope;
  readonly now: () => Date;
  /** Told of what was thrown and is no error of the catalogue: a defect, of which failures keep only the name. */
  readonly onUnexpected: (thrown: unknown) => void;
}

/** Failures that concern the server, not one group: the rest of the delivery is not even tried. */
const SERVER_TROUBLES = new Set<IngestErrorCode>([
  'FHIR_UNREACHABLE',
  'FHIR_TIMEOUT',
  'FHIR_THROTTLED',
  'FHIR_UNAVAILABLE',
  'FHIR_UNAUTHORIZED',
  'FHIR_FORBIDDEN',
  'FHIR_WRONG_ENDPOINT',
]);

/** What waits for the server waits together. */
const SERVER_KEY = 'server';

export function createObservationActivities(deps: ObservationDeps) {
  return {
    /**
     * Judges, groups and writes what is due, and says what became of every measurement. Idempotent: ids follow from the
     * groups, so a repetition meets its own Observations and its own dead letters. Fails only when nothing could be
     * decided.
     */
    async upsertObservations(input: DeliveryInput): Promise<DeliveryOutcome> {
      try {
        return await deliver(deps, input);
      } catch (thrown) {
        deps.scope().assertMayGoOn();
        throw toApplicationFailure(knownError(deps, thrown));
      }
    },
  };
}

async function deliver(deps: ObservationDeps, input: DeliveryInput): Promise<DeliveryOutcome> {
  const scope = deps.scope();
  const opened = await openBatches(deps.claims, input);
  const { version, template } = await templateFor(deps, input.type);
  const book = new OutcomeBook();
  noteLostClaims(input, opened, book);
  if (template === undefined) {
    const message = 'Expected the FHIR mapping to have a template for this measurement type';
    book.waits('unmapped', opened.readings, new IngestError('MAPPING_MISSING', message));
  } else {
    const good = judge(template, opened.readings, book);
    await writeGroups(deps, groupReadings(input, template, good), book);
  }
  failIfUndecided(book);
  await deps.deadLetters.add(book.deadLetters(input, version, deps.now().toISOString()));
  return await book.toOutcome(input, opened, deps.claims, scope.workflowId);
}

/** A mapping that was mended a moment ago may not be known here yet: the pointer is asked before giving up. */
async function templateFor(
  deps: ObservationDeps,
  type: string,
): Promise<{ version: string; template: ObservationTemplate | undefined }> {
  const known = await deps.currentMapping();
  const template = known.mapping.forType(type);
  if (template !== undefined) return { version: known.version, template };
  const afresh = await deps.currentMapping({ afresh: true });
  return { version: afresh.version, template: afresh.mapping.forType(type) };
}

function noteLostClaims(input: DeliveryInput, opened: OpenedBatches, book: OutcomeBook): void {
  for (const batch of input.batches.keys()) {
    if (opened.rows[batch] !== undefined) continue;
    book.lost(batch, new IngestError('CLAIM_MISSING', 'Expected the claim of these measurements in the store'));
  }
}

/** Bad data concerns its own measurement alone: it goes before the rest is grouped. */
function judge(template: ObservationTemplate, readings: readonly Reading[], book: OutcomeBook): Reading[] {
  return readings.filter((reading) => {
    const error = template.judge(reading.measurement);
    if (error !== undefined) book.refused([reading], error);
    return error === undefined;
  });
}

/** Readings of one Observation, and whose it is; or why nobody can be named. */
interface GroupToWrite {
  /** Equal for groups of the same patient, encounter and message ids. */
  readonly ownerKey: string;
  readonly key: string;
  readonly identity: ResolvedIdentity | IngestError;
  readonly template: ObservationTemplate;
  readonly group: ObservationGroup;
  readonly readings: readonly Reading[];
}

function groupReadings(
  input: DeliveryInput,
  template: ObservationTemplate,
  readings: readonly Reading[],
): GroupToWrite[] {
  const answers = new Map(input.identities.map(({ ids, answer }) => [identityKey(ids), answer]));
  const owners = new Map<string, { identity: ResolvedIdentity | IngestError; readings: Reading[] }>();
  for (const reading of readings) {
    const identity = identityOf(answers.get(identityKey(reading.measurement)), reading);
    const key = ownerKey(reading, identity);
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, { identity, readings: [reading] });
    else owner.readings.push(reading);
  }
  return [...owners].flatMap(([key, owner]) => {
    const inOrder = owner.readings.toSorted(byPosition);
    return template.group(inOrder.map((reading) => reading.measurement)).map((group): GroupToWrite => ({
      ownerKey: key,
      key: `${key} ${group.idSegment}`,
      identity: owner.identity,
      template,
      group,
      readings: pick(inOrder, group.measurements),
    }));
  });
}

function identityOf(answer: IdentityAnswer | undefined, reading: Reading): ResolvedIdentity | IngestError {
  if (answer === undefined) return new IngestError('UNEXPECTED', 'Expected an identity for every measurement');
  if (!answer.ok) return new IngestError(answer.code, answer.message);
  const assignment = assignmentAt(answer, ticksOf, ticksOf(reading.measurement.occurrenceTimeUtc));
  if ('unassigned' in assignment) {
    return new IngestError('DEVICE_WITHOUT_PATIENT', 'Expected the Device to have had a Patient when it measured this');
  }
  const { from: _since, ...identity } = assignment;
  return identity;
}

function ownerKey({ measurement }: Reading, identity: ResolvedIdentity | IngestError): string {
  const { patientId, encounterId, correlationId } = measurement;
  const resolved = identity instanceof IngestError ? [] : [identity.device, identity.patient, identity.encounter];
  return JSON.stringify([patientId, encounterId, correlationId, ...resolved].map((id) => id ?? null));
}

/** Of two values of one instant the later position wins: arrival order says nothing, positions do. */
function byPosition({ position: a }: Reading, { position: b }: Reading): number {
  return a.sequenceNumber - b.sequenceNumber || a.ordinal - b.ordinal;
}

async function writeGroups(deps: ObservationDeps, groups: readonly GroupToWrite[], book: OutcomeBook): Promise<void> {
  let serverTrouble: IngestError | undefined;
  for (const group of groups) {
    // Without a patient, or a server, readings wait together: there is nothing that one group has and another lacks.
    if (group.identity instanceof IngestError) book.waits(group.ownerKey, group.readings, group.identity);
    else if (serverTrouble !== undefined) book.waits(SERVER_KEY, group.readings, serverTrouble);
    else serverTrouble = await writeGroup(deps, group, group.identity, book);
  }
}

/** @returns the trouble that makes it pointless to go on */
async function writeGroup(
  deps: ObservationDeps,
  { key, template, group, readings }: GroupToWrite,
  identity: ResolvedIdentity,
  book: OutcomeBook,
): Promise<IngestError | undefined> {
  const scope = deps.scope();
  scope.heartbeat();
  scope.assertMayGoOn();
  try {
    if (group.isEmpty) {
      book.withoutValue(readings);
      return undefined;
    }
    const outcome = await writeObservation(deps.fhir, {
      id: observationIdentifier(identity, group.type, group.idSegment).id,
      create: () => template.create(group, identity, deps.now().toISOString()),
      merge: (stored) => template.merge(group, identity, stored),
    });
    bookWritten(group, readings, outcome, book);
    return undefined;
  } catch (thrown) {
    scope.assertMayGoOn();
    const error = knownError(deps, thrown);
    const concernsServer = SERVER_TROUBLES.has(error.code);
    if (error.kind === 'bad-data') book.refused(readings, error);
    else book.waits(concernsServer ? SERVER_KEY : key, readings, error);
    return concernsServer ? error : undefined;
  }
}

function knownError(deps: ObservationDeps, thrown: unknown): IngestError {
  const error = asIngestError(thrown);
  if (error.code === 'UNEXPECTED') deps.onUnexpected(thrown);
  return error;
}

function bookWritten(
  group: ObservationGroup,
  readings: readonly Reading[],
  outcome: Parameters<OutcomeBook['written']>[0],
  book: OutcomeBook,
): void {
  const superseded = new Set(group.superseded);
  const withoutValue = new Set(group.withoutValue);
  const at = (wanted: (index: number) => boolean): Reading[] =>
    readings.filter((_, i) => wanted(group.measurements[i] ?? -1));
  book.superseded(at((index) => superseded.has(index)));
  book.withoutValue(at((index) => withoutValue.has(index)));
  book.written(
    outcome,
    at((index) => !superseded.has(index) && !withoutValue.has(index)),
  );
}

/**
 * With nothing decided and the server in passing trouble, the activity fails as a whole: Temporal then shows the attempt,
 * its failure and the next retry, at no cost in history.
 */
function failIfUndecided(book: OutcomeBook): void {
  if (!book.isUndecided()) return;
  const errors = book.waitingErrors();
  const [first] = errors;
  if (first !== undefined && errors.every((error) => isPassing(error) && SERVER_TROUBLES.has(error.code))) throw first;
}

function isPassing(error: IngestError): boolean {
  return INGEST_ERRORS[error.code].kind === 'transient';
}

function pick<T>(list: readonly T[], indexes: readonly number[]): T[] {
  return indexes.flatMap((index) => {
    const item = list[index];
    return item === undefined ? [] : [item];
  });
}

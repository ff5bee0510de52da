import pLimit from 'p-limit';
import type { DeliveryInput, DeliveryOutcome } from '../core/delivery.ts';
import type { IngestErrorCode } from '../core/errors.ts';
import { IngestError } from '../core/errors.ts';
import type { ResolvedIdentity } from '../core/identity.ts';
import type { Claims } from '../stores/claims.ts';
import type { DeadLetters } from '../stores/dead-letters.ts';
import type { FhirMapping, ResourceGroup, ResourceTemplate } from '../templates/fhir-mapping/fhir-mapping.ts';
import { OutcomeBook } from './delivery-outcome.ts';
import { asIngestError, rethrowCancellation, toApplicationFailure } from './failures.ts';
import type { GroupToWrite } from './resource-groups.ts';
import { groupReadings } from './resource-groups.ts';
import type { WriteOutcome, WriterDeps } from './resource-writer.ts';
import { writeResource } from './resource-writer.ts';
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
  /** Once the activity is cancelled nothing may be sent any more. */
  throwIfCancelled(): void;
  /** Near the end of its time nothing new is begun; what is left is an outcome too. */
  isOutOfTime(): boolean;
}

/** A resource that was written, or found to be as it should, and the readings whose values are in it. */
export interface ResourceWrite {
  readonly resourceType: string;
  readonly outcome: WriteOutcome;
  readonly readings: readonly Reading[];
}

export interface ObservationDeps extends WriterDeps {
  readonly claims: Claims;
  readonly deadLetters: DeadLetters;
  /** `afresh`: the pointer is read again first. */
  readonly currentMapping: (options?: { afresh: boolean }) => Promise<CurrentMapping>;
  readonly scope: () => ActivityScope;
  readonly now: () => Date;
  /** Told of each write, to be counted. */
  readonly onWritten?: (write: ResourceWrite) => void;
  /** Told of what was thrown and is no error of the catalogue: a defect, of which failures keep only the name. */
  readonly onUnexpected: (thrown: unknown) => void;
}

/** The server refuses everybody, or answers nobody. */
const WHOLE_SERVER = new Set<IngestErrorCode>([
  'FHIR_UNREACHABLE',
  'FHIR_THROTTLED',
  'FHIR_UNAUTHORIZED',
  'FHIR_FORBIDDEN',
  'FHIR_WRONG_ENDPOINT',
]);
/** These may be the server's trouble, or one Observation's that it cannot take. */
const SERVER_TROUBLES = new Set<IngestErrorCode>([...WHOLE_SERVER, 'FHIR_TIMEOUT', 'FHIR_UNAVAILABLE']);

/** What waits for the server waits together. */
const SERVER_KEY = 'server';
/** What a delivery had no time for goes on together. */
const LATER_KEY = 'later';

export function createObservationActivities(deps: ObservationDeps) {
  return {
    /**
     * Judges, groups and writes what is due, and says what became of every measurement. Idempotent: ids follow from the
     * groups, so a repetition meets its own Observations and its own dead letters. Fails only when nothing could be
     * decided, or when the stores cannot be reached.
     */
    async upsertObservations(input: DeliveryInput): Promise<DeliveryOutcome> {
      try {
        return await deliver(deps, input);
      } catch (thrown) {
        rethrowCancellation(thrown);
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
  let stopped: IngestError | undefined;
  noteLostClaims(input, opened, book);
  const readings = withoutDeadLettered(input, opened.readings, book);
  if (template === undefined) {
    const message = 'Expected the FHIR mapping to have a template for this measurement type';
    book.waits('unmapped', readings, new IngestError('MAPPING_MISSING', message));
  } else {
    const good = judge(template, readings, book);
    stopped = await writeGroups(deps, scope, groupReadings(input, template, good), book);
  }
  // The server answers nobody and nothing was decided: the activity fails as a whole. Temporal then shows the attempt, its
  // failure and the next retry, at no cost in history.
  if (stopped?.kind === 'transient' && book.isUndecided()) throw stopped;
  await deps.deadLetters.add(book.deadLetters(input, version, deps.now().toISOString()));
  return await book.toOutcome(input, opened, deps.claims, scope.workflowId);
}

/** A mapping that was mended a moment ago may not be known here yet: the pointer is asked before giving up. */
async function templateFor(
  deps: ObservationDeps,
  type: string,
): Promise<{ version: string; template: ResourceTemplate | undefined }> {
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

/** What an operator had dead-lettered goes there, a letter for each request, and is not looked at. */
function withoutDeadLettered(input: DeliveryInput, readings: readonly Reading[], book: OutcomeBook): Reading[] {
  const decisions = new Map(input.decisions?.map((decision) => [decision.requestId, decision]));
  const byRequest = Map.groupBy(readings, ({ batch }) => {
    const mark = input.batches[batch]?.decision;
    return decisions.get(mark?.requestId ?? '')?.kind === 'deadLetter' ? JSON.stringify(mark) : undefined;
  });
  for (const refused of byRequest.values()) {
    const mark = input.batches[refused[0]?.batch ?? -1]?.decision;
    const decision = decisions.get(mark?.requestId ?? '');
    if (mark === undefined || decision?.kind !== 'deadLetter') continue;
    const message = `An operator had them dead-lettered while they waited (${mark.waitedFor})`;
    book.refused(refused, new IngestError('DEAD_LETTERED_BY_HAND', message), { by: decision.by, why: decision.why });
  }
  return byRequest.get(undefined) ?? [];
}

/** Bad data concerns its own measurement alone: it goes before the rest is grouped. */
function judge(template: ResourceTemplate, readings: readonly Reading[], book: OutcomeBook): Reading[] {
  return readings.filter((reading) => {
    const error = template.judge(reading.measurement);
    if (error !== undefined) book.refused([reading], error);
    return error === undefined;
  });
}

/** Groups written at once: most of a write is waiting for the server. */
const WRITES_AT_ONCE = 4;
/** So many different groups in a row that met a 5xx or no answer: it is the server, not one Observation. */
const TROUBLES_IN_A_ROW = 3;

/**
 * Writes group by group and books what became of each. One Observation that the server cannot take holds up nobody: only
 * trouble of the server as a whole, or the end of the time there is, leaves the rest untried.
 *
 * @returns the trouble of the server that ended it before everything was tried
 */
async function writeGroups(
  deps: ObservationDeps,
  scope: ActivityScope,
  groups: readonly GroupToWrite[],
  book: OutcomeBook,
): Promise<IngestError | undefined> {
  let inARow = 0;
  let stopped: IngestError | undefined;
  const limit = pLimit(WRITES_AT_ONCE);
  const write = async (group: GroupToWrite): Promise<void> => {
    // Without a patient, or a server, readings wait together: there is nothing that one group has and another lacks.
    if (group.identity instanceof IngestError) book.waits(group.ownerKey, group.readings, group.identity);
    else if (stopped !== undefined) book.waits(SERVER_KEY, group.readings, stopped);
    else if (scope.isOutOfTime()) book.waits(LATER_KEY, group.readings, unfinished());
    else {
      const trouble = await writeGroup(deps, scope, group, group.identity, book);
      inARow = trouble === undefined ? 0 : inARow + 1;
      if (trouble === undefined) return;
      if (WHOLE_SERVER.has(trouble.code) || inARow >= TROUBLES_IN_A_ROW) stopped = trouble;
    }
  };
  await Promise.all(groups.map((group) => limit(() => write(group))));
  return stopped;
}

/** @returns the trouble of the server that kept it from being written */
async function writeGroup(
  deps: ObservationDeps,
  scope: ActivityScope,
  { key, template, group, readings }: GroupToWrite,
  identity: ResolvedIdentity,
  book: OutcomeBook,
): Promise<IngestError | undefined> {
  scope.throwIfCancelled();
  try {
    if (group.isEmpty) {
      book.withoutValue(readings);
      return undefined;
    }
    let collidedSamples = 0;
    const outcome = await writeResource(deps, {
      resourceType: template.resourceType,
      lineage: template.lineage,
      identifier: template.identifier(group, identity),
      create() {
        collidedSamples = group.collidedCount;
        return template.create(group, identity, deps.now().toISOString());
      },
      merge(stored) {
        const merged = template.merge(group, identity, stored);
        collidedSamples = merged.collidedCount;
        return merged;
      },
      join: (stored, other) => template.join(group, identity, stored, other),
    });
    const written = bookWritten(group, readings, { outcome, collidedSamples }, book);
    deps.onWritten?.({ resourceType: template.resourceType, outcome, readings: written });
    return undefined;
  } catch (thrown) {
    scope.throwIfCancelled();
    const error = knownError(deps, thrown);
    if (error.kind === 'bad-data') book.refused(readings, error);
    else book.waits(WHOLE_SERVER.has(error.code) ? SERVER_KEY : key, readings, error);
    return SERVER_TROUBLES.has(error.code) ? error : undefined;
  }
}

function unfinished(): IngestError {
  return new IngestError('DELIVERY_UNFINISHED', 'The time of this delivery was over before this group was tried');
}

function knownError(deps: ObservationDeps, thrown: unknown): IngestError {
  const error = asIngestError(thrown);
  if (error.code === 'UNEXPECTED') deps.onUnexpected(thrown);
  return error;
}

/** @returns the readings whose values are in the resource */
function bookWritten(
  group: ResourceGroup,
  readings: readonly Reading[],
  { outcome, collidedSamples }: { readonly outcome: WriteOutcome; readonly collidedSamples: number },
  book: OutcomeBook,
): readonly Reading[] {
  const superseded = new Set(group.superseded);
  const withoutValue = new Set(group.withoutValue);
  const at = (wanted: (index: number) => boolean): Reading[] =>
    readings.filter((_, i) => wanted(group.measurements[i] ?? -1));
  book.superseded(at((index) => superseded.has(index)));
  book.withoutValue(at((index) => withoutValue.has(index)));
  const written = at((index) => !superseded.has(index) && !withoutValue.has(index));
  book.written(outcome, written, collidedSamples);
  return written;
}

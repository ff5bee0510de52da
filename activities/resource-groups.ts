import type { DeliveryInput } from '../core/delivery.ts';
import { IngestError } from '../core/errors.ts';
import type { IdentityAnswer, ResolvedIdentity } from '../core/identity.ts';
import { assignmentAt, identityKey } from '../core/identity.ts';
import { ticksOf } from '../core/ticks.ts';
import type { ResourceGroup, ResourceTemplate } from '../templates/fhir-mapping/fhir-mapping.ts';
import type { Reading } from './readings.ts';
import { refusalOf } from './refusals.ts';

/** Readings of one resource, and whose it is; or why nobody can be named. */
export interface GroupToWrite {
  /** Equal for groups of the same patient, encounter and message ids. */
  readonly ownerKey: string;
  readonly key: string;
  readonly identity: ResolvedIdentity | IngestError;
  readonly template: ResourceTemplate;
  readonly group: ResourceGroup;
  readonly readings: readonly Reading[];
}

/**
 * Groups readings by owner and resource. Groups with readings of earlier batches come first: a delivery names what is
 * fresh before what has waited, and what has waited must not delay what is well.
 */
export function groupReadings(
  input: DeliveryInput,
  template: ResourceTemplate,
  readings: readonly Reading[],
): GroupToWrite[] {
  const answers = new Map(input.identities.map(({ ids, answer }) => [identityKey(ids), answer]));
  const decisions = new Map(input.decisions?.map((each) => [each.requestId, each]));
  const owners = new Map<string, { identity: ResolvedIdentity | IngestError; readings: Reading[] }>();
  for (const reading of readings) {
    const decision = decisions.get(input.batches[reading.batch]?.decision?.requestId ?? '');
    const { identity, since } =
      decision?.kind === 'assign'
        ? { identity: decision.to, since: undefined }
        : ownerOf(answers.get(identityKey(reading.measurement)), reading);
    const key = ownerKey(reading, identity, since);
    const owner = owners.get(key);
    if (owner === undefined) owners.set(key, { identity, readings: [reading] });
    else owner.readings.push(reading);
  }
  const groups = [...owners].flatMap(([key, owner]) => {
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
  const firstBatch = ({ readings: own }: GroupToWrite): number =>
    own.reduce((least, { batch }) => Math.min(least, batch), Infinity);
  return groups.sort((a, b) => firstBatch(a) - firstBatch(b));
}

interface Owner {
  readonly identity: ResolvedIdentity | IngestError;
  /** Where nobody can be named: since when. */
  readonly since?: string;
}

function ownerOf(answer: IdentityAnswer | undefined, reading: Reading): Owner {
  if (answer === undefined)
    return { identity: new IngestError('UNEXPECTED', 'Expected an identity for every measurement') };
  if (!answer.ok) return { identity: new IngestError(answer.code, answer.message) };
  const { from: since, ...assignment } = assignmentAt(answer, ticksOf, ticksOf(reading.measurement.occurrenceTimeUtc));
  if (!('refused' in assignment)) return { identity: assignment };
  return { identity: refusalOf(assignment.refused), ...(since !== undefined && { since }) };
}

/** Readings of nobody are told apart by why and since when: between two such times the device was somebody's. */
function ownerKey({ measurement }: Reading, identity: Owner['identity'], since: string | undefined): string {
  const { patientId, encounterId, correlationId } = measurement;
  const owner =
    identity instanceof IngestError
      ? ['refused', identity.code, since]
      : [identity.device, identity.patient, identity.encounter];
  return JSON.stringify([patientId, encounterId, correlationId, ...owner].map((id) => id ?? null));
}

/** Of two values of one instant the later position wins: arrival order says nothing, positions do. */
function byPosition({ position: a }: Reading, { position: b }: Reading): number {
  return a.sequenceNumber - b.sequenceNumber || a.ordinal - b.ordinal;
}

function pick<T>(list: readonly T[], indexes: readonly number[]): T[] {
  return indexes.flatMap((index) => {
    const item = list[index];
    return item === undefined ? [] : [item];
  });
}

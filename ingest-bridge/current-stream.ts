import type { EventHubConsumerClient } from '@azure/event-hubs';
import type { Stream } from '../core/position.ts';
import { streamIdOf } from '../core/position.ts';
import type { Logger } from '../service/log.ts';
import type { Ledgers } from '../stores/ledgers.ts';
import type { Streams } from '../stores/streams.ts';

/** What is asked of the hub; the consumer client has it. */
export type HubProperties = Pick<
  EventHubConsumerClient,
  'eventHubName' | 'fullyQualifiedNamespace' | 'getEventHubProperties' | 'getPartitionProperties'
>;

/**
 * Which life of the hub this is. A hub that was created anew, or whose sequence numbers run behind what a ledger has
 * already passed, begins a new stream: its old ledgers are set aside, loudly, and everything in it is read.
 *
 * @throws StoreConflictError when another bridge records one at the same time: ask again
 */
export async function currentStream(
  hub: HubProperties,
  streams: Streams,
  ledgers: Ledgers,
  log: Logger,
): Promise<Stream> {
  const namespace = namespaceOf(hub);
  const { createdOn } = await hub.getEventHubProperties();
  const known = await streams.get(namespace, hub.eventHubName);
  if (known === undefined) {
    const first = { namespace, hub: hub.eventHubName, createdOn: createdOn.toISOString(), epoch: 0 };
    await streams.put(first, undefined);
    return first;
  }
  const reason = await newLifeReason(hub, known.value, createdOn.toISOString(), ledgers);
  if (reason === undefined) return known.value;
  const next = { ...known.value, createdOn: createdOn.toISOString(), epoch: known.value.epoch + 1 };
  await streams.put(next, known.version);
  log.error(
    { hub: next.hub, epoch: next.epoch, reason },
    'the hub has begun a new life: its old ledgers are set aside',
  );
  return next;
}

async function newLifeReason(
  hub: HubProperties,
  known: Stream,
  createdOn: string,
  ledgers: Ledgers,
): Promise<string | undefined> {
  if (createdOn !== known.createdOn) return 'it was created anew';
  for (const ledger of await ledgers.list(streamIdOf(known))) {
    const { lastEnqueuedSequenceNumber } = await hub.getPartitionProperties(ledger.partition);
    if (lastEnqueuedSequenceNumber < ledger.sequenceNumber) return 'its sequence numbers run behind the ledger';
  }
  return undefined;
}

/** The namespace without its port: an emulator that moves to another port is still the same. */
export function namespaceOf(hub: Pick<HubProperties, 'fullyQualifiedNamespace'>): string {
  return hub.fullyQualifiedNamespace.replace(/:\d+$/, '').toLowerCase();
}

import type { System } from './system.ts';

interface Health {
  readonly stream: string | null;
  readonly partitions: Readonly<Record<string, PartitionHealth>>;
}

interface PartitionHealth {
  readonly sequenceNumber: number;
  readonly heldUp?: { readonly by: string };
}

/** What the bridges that run say of themselves, together. */
export interface BridgesHealth {
  /** The streams they read. */
  readonly streams: readonly string[];
  /** By partition of the present stream, through which sequence number everything is durable, as its owner says. */
  readonly reached: ReadonlyMap<string, number>;
  /** What partitions are held up by. */
  readonly heldUpBy: readonly string[];
}

/** @throws while one that runs does not answer */
export async function askBridges({ bridges }: System): Promise<BridgesHealth> {
  const active = bridges.filter(({ part }) => part.isActive);
  const all = await Promise.all(active.map(async ({ healthUrl }) => (await (await fetch(healthUrl)).json()) as Health));
  const partitions = all.flatMap((health) => Object.values(health.partitions));
  return {
    streams: all.flatMap(({ stream }) => (stream === null ? [] : [stream])),
    reached: reachedIn(all),
    heldUpBy: partitions.flatMap(({ heldUp }) => (heldUp === undefined ? [] : [heldUp.by])),
  };
}

/** One that has lost a partition, or the hub's life, and does not know yet, says less than its owner, or something else. */
function reachedIn(all: readonly Health[]): Map<string, number> {
  const present = Math.max(...all.map(epochOf));
  const reached = new Map<string, number>();
  for (const health of all.filter((each) => epochOf(each) === present)) {
    for (const [partition, { sequenceNumber }] of Object.entries(health.partitions)) {
      reached.set(partition, Math.max(sequenceNumber, reached.get(partition) ?? -1));
    }
  }
  return reached;
}

/** Counts the lives of a hub: the last part of a stream's name. */
function epochOf({ stream }: Health): number {
  return stream === null ? -1 : Number(stream.slice(stream.lastIndexOf('/') + 1));
}

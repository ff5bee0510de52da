import { join } from 'node:path';
import { AmqpConditionError } from './amqp-error.ts';
import { BATCH_FORMAT, readBatch, readPartitionKey } from './amqp-message.ts';
import { EventLog, type EventLogOptions } from './event-log.ts';
import { parseEvent } from './event.ts';
import { openHubFolder } from './hub-file.ts';
import { partitionOfKey } from '../../service/partition-key-hash.ts';
import type { Partition } from './partition.ts';

export interface HubDefinition {
  /** Letters, digits, `.`, `-`, `_`; case does not matter. */
  readonly name: string;
  /** Fixed for the life of the hub. */
  readonly partitionCount: number;
  /** Beside `$Default`. */
  readonly consumerGroups?: readonly string[];
}

const MAX_PARTITION_COUNT = 2048;
const DEFAULT_GROUP = '$default';

/** An event hub: its partitions, who may read them, and where an event goes. */
export class Hub {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly #log: EventLog;
  readonly #consumerGroups: ReadonlySet<string>;
  #nextInTurn = 0;

  private constructor(definition: HubDefinition, createdAt: number, log: EventLog) {
    this.name = definition.name;
    this.createdAt = createdAt;
    this.#log = log;
    const groups = (definition.consumerGroups ?? []).map((group) => group.toLowerCase());
    this.#consumerGroups = new Set([DEFAULT_GROUP, ...groups]);
  }

  /** @param dataDir holds a folder per hub */
  static async open(
    definition: HubDefinition,
    dataDir: string,
    options: Omit<EventLogOptions, 'partitionCount'>,
  ): Promise<Hub> {
    const { name, partitionCount } = definition;
    if (!/^[a-z0-9][\w.-]{0,255}$/i.test(name))
      throw new Error(`A hub is named by letters, digits, ".", "-", "_": ${name}`);
    if (!Number.isInteger(partitionCount) || partitionCount < 1 || partitionCount > MAX_PARTITION_COUNT) {
      throw new Error(`Hub ${name}: expected 1 to ${MAX_PARTITION_COUNT} partitions, not ${partitionCount}`);
    }
    const folder = join(dataDir, name.toLowerCase());
    const createdAt = await openHubFolder(folder, name, partitionCount);
    return new Hub(definition, createdAt, await EventLog.open(folder, { ...options, partitionCount }));
  }

  get partitions(): readonly Partition[] {
    return this.#log.partitions;
  }

  hasConsumerGroup(name: string): boolean {
    return this.#consumerGroups.has(name.toLowerCase());
  }

  /** @throws AmqpConditionError com.microsoft:argument-out-of-range */
  partition(id: string): Partition {
    const partition = this.partitions.find((candidate) => candidate.id === id);
    if (partition !== undefined) return partition;
    const range = `0 to ${this.partitions.length - 1}`;
    throw new AmqpConditionError(
      'com.microsoft:argument-out-of-range',
      `Hub ${this.name} has the partitions ${range}.`,
    );
  }

  /**
   * Stores the events of one transfer, all in one partition: the given one, else that of their key, else the next in turn.
   * Resolves once they are on disk.
   *
   * @throws AmqpConditionError amqp:decode-error; nothing of the transfer is stored then
   */
  async publish(transfer: Buffer, format: number, partitionId: string | undefined): Promise<void> {
    const isBatch = format === BATCH_FORMAT;
    const { events, partitionKey } = isBatch ? readBatch(transfer) : { events: [transfer], partitionKey: undefined };
    const key = partitionKey ?? (events[0] && readPartitionKey(events[0]));
    const parsed = events.map(parseEvent);
    await this.#log.append(this.#route(partitionId, key), parsed);
  }

  #route(partitionId: string | undefined, key: string | undefined): number {
    if (partitionId !== undefined) return Number(partitionId);
    if (key !== undefined) return partitionOfKey(key, this.partitions.length);
    return this.#nextInTurn++ % this.partitions.length;
  }

  /** Drops what its retention no longer covers. */
  async retain(now: number): Promise<void> {
    await this.#log.retain(now);
  }

  async close(): Promise<void> {
    await this.#log.close();
  }
}

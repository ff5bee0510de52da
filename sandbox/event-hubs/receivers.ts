import type { Sender } from 'rhea';
import { AmqpConditionError, toAmqpError } from './amqp-error.ts';
import type { Partition } from './partition.ts';
import { sendSettled, type LinkAttach } from './rhea-internals.ts';
import { parseSelector, startOf } from './selector.ts';
import { Subscription } from './subscription.ts';

/** Receivers without an owner level that may share a partition of a consumer group. */
const MAX_SHARED = 5;
const METRICS_CAPABILITY = 'com.microsoft:enable-receiver-runtime-metric';

/**
 * Who reads which partition in which consumer group. Of receivers with an owner level only one reads: the newest with the
 * highest level; while there is one, receivers without a level are refused.
 */
export class Receivers {
  readonly #byPartition = new Map<string, Set<Subscription>>();

  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /**
   * Begins to deliver on a link that was just attached.
   *
   * @param path the address: hub, consumer group, partition
   * @throws AmqpConditionError com.microsoft:argument-error, amqp:not-allowed, amqp:link:stolen,
   *   amqp:resource-limit-exceeded
   */
  subscribe(link: Sender, path: string, partition: Partition, attach: LinkAttach): void {
    const start = startOf(parseSelector(attach.selector), partition);
    const { 'com.microsoft:receiver-name': name, 'com.microsoft:epoch': level } = attach.properties;
    const receiverName = typeof name === 'string' ? name : 'nil';
    const epoch = level === undefined || level === null ? undefined : Number(level);
    this.#admit(path, receiverName, epoch);
    sendSettled(link);
    const withMetrics = attach.desiredCapabilities.includes(METRICS_CAPABILITY);
    const options = { link, partition, start, epoch, receiverName, withMetrics, log: this.#log };
    this.#peers(path).add(new Subscription(options));
  }

  #admit(path: string, receiverName: string, epoch: number | undefined): void {
    const peers = [...this.#peers(path)];
    const owner = Math.max(-1, ...peers.map((peer) => peer.epoch ?? -1));
    if (epoch === undefined) {
      if (owner >= 0) throw refusedWithoutEpoch(owner);
      if (peers.length >= MAX_SHARED) throw tooMany();
      return;
    }
    if (epoch < owner) throw stolenBefore(receiverName, epoch, owner);
    for (const peer of peers) {
      this.remove(peer);
      peer.link.close(toAmqpError(stolenBy(receiverName, epoch, peer)));
    }
  }

  /** Ends a subscription; its link stays as it is. */
  remove(subscription: Subscription): void {
    subscription.close();
    for (const peers of this.#byPartition.values()) peers.delete(subscription);
  }

  removeWhere(test: (subscription: Subscription) => boolean): void {
    for (const peers of [...this.#byPartition.values()]) {
      for (const subscription of [...peers].filter(test)) this.remove(subscription);
    }
  }

  #peers(path: string): Set<Subscription> {
    const key = path.toLowerCase();
    const peers = this.#byPartition.get(key) ?? new Set();
    this.#byPartition.set(key, peers);
    return peers;
  }
}

function refusedWithoutEpoch(owner: number): AmqpConditionError {
  return new AmqpConditionError(
    'amqp:not-allowed',
    `A receiver with owner level ${owner} reads this partition: one without a level is not allowed beside it.`,
  );
}

function tooMany(): AmqpConditionError {
  return new AmqpConditionError(
    'amqp:resource-limit-exceeded',
    `At most ${MAX_SHARED} receivers may share a partition of a consumer group.`,
  );
}

function stolenBefore(receiverName: string, epoch: number, owner: number): AmqpConditionError {
  return new AmqpConditionError(
    'amqp:link:stolen',
    `A receiver with the higher owner level ${owner} reads this partition: '${receiverName}' with ${epoch} is refused.`,
  );
}

function stolenBy(receiverName: string, epoch: number, loser: Subscription): AmqpConditionError {
  return new AmqpConditionError(
    'amqp:link:stolen',
    `New receiver '${receiverName}' with owner level ${epoch} replaces '${loser.receiverName}' with ${loser.epoch ?? 'none'}.`,
  );
}

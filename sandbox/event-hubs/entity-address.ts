import { AmqpConditionError } from './amqp-error.ts';
import type { Hub } from './hub.ts';
import type { Partition } from './partition.ts';

/** What the address of a link names. */
export type Entity =
  | { readonly kind: 'cbs' }
  | { readonly kind: 'management' }
  | {
      readonly kind: 'hub';
      /** Without scheme and host: what a token must open. */
      readonly path: string;
      readonly hub: Hub;
      readonly partition: Partition | undefined;
      readonly hasConsumerGroup: boolean;
    };

/** The hubs by name; case does not matter. */
export type Hubs = ReadonlyMap<string, Hub>;

const PATTERN = /^([^/]+)(?:\/ConsumerGroups\/([^/]+))?(?:\/Partitions\/([^/]+))?$/i;

/**
 * Finds what `hub`, `hub/Partitions/0`, `hub/ConsumerGroups/group/Partitions/0`, `$cbs` or `hub/$management` name, with or
 * without `sb://host/` before it.
 *
 * @throws AmqpConditionError amqp:not-found, com.microsoft:argument-out-of-range
 */
export function findEntity(address: string | undefined, hubs: Hubs): Entity {
  const path = entityPath(address ?? '');
  if (path === '$cbs') return { kind: 'cbs' };
  if (path === '$management' || path.endsWith('/$management')) return { kind: 'management' };
  const [, hubName = '', group, partitionId] = PATTERN.exec(path) ?? [];
  const hub = findHub(hubName, hubs);
  if (group !== undefined && !hub.hasConsumerGroup(group)) throw notFound(`consumer group ${group} of hub ${hub.name}`);
  const partition = partitionId === undefined ? undefined : hub.partition(partitionId);
  return { kind: 'hub', path, hub, partition, hasConsumerGroup: group !== undefined };
}

/** @throws AmqpConditionError amqp:not-found */
export function findHub(name: string, hubs: Hubs): Hub {
  const hub = hubs.get(name.toLowerCase());
  if (hub === undefined) throw notFound(`hub ${name}`);
  return hub;
}

/** An address or audience without scheme, host and outer slashes. */
export function entityPath(address: string): string {
  return address.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/^\/+|\/+$/g, '');
}

/** The SDK recognizes an entity that does not exist by these words. */
function notFound(what: string): AmqpConditionError {
  return new AmqpConditionError('amqp:not-found', `The messaging entity '${what}' could not be found.`);
}

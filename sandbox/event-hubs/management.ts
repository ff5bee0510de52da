import rhea from 'rhea';
import type { AccessRules } from './access-token.ts';
import { verifyAccessToken } from './access-token.ts';
import { AmqpConditionError, type AmqpCondition } from './amqp-error.ts';
import type { Claims } from './claims.ts';
import { findHub, type Hubs } from './entity-address.ts';
import type { Hub } from './hub.ts';
import { textProperty, type NodeReply, type NodeRequest } from './node-request.ts';
import type { Partition } from './partition.ts';

const { types } = rhea;
const HUB_TYPE = 'com.microsoft:eventhub';
const PARTITION_TYPE = 'com.microsoft:partition';
const STRING_CODE = 0xa1;
const STATUS: Partial<Record<AmqpCondition, number>> = {
  'amqp:not-found': 404,
  'amqp:unauthorized-access': 401,
  'com.microsoft:argument-error': 400,
  'com.microsoft:argument-out-of-range': 400,
};

/** Answers a request to `$management`: what a hub or a partition is, and how far it has come. */
export function readEntity(
  request: NodeRequest,
  hubs: Hubs,
  claims: Claims,
  rules: AccessRules,
  now: number,
): NodeReply {
  try {
    const hub = findHub(textProperty(request, 'name'), hubs);
    const verdict = verifyAccessToken(textProperty(request, 'security_token'), undefined, rules, now);
    if (verdict.kind === 'refused') throw new AmqpConditionError('amqp:unauthorized-access', verdict.reason);
    claims.require(hub.name, now);
    return { status: 200, description: 'OK', body: describe(request, hub) };
  } catch (error) {
    if (!(error instanceof AmqpConditionError)) throw error;
    return { status: STATUS[error.condition] ?? 500, description: error.message, condition: error.condition };
  }
}

function describe(request: NodeRequest, hub: Hub): Record<string, unknown> {
  const type = textProperty(request, 'type');
  if (textProperty(request, 'operation') === 'READ') {
    if (type === HUB_TYPE) return describeHub(hub);
    if (type === PARTITION_TYPE) return describePartition(hub, hub.partition(textProperty(request, 'partition')));
  }
  throw new AmqpConditionError('com.microsoft:argument-error', `Expected READ of ${HUB_TYPE} or ${PARTITION_TYPE}`);
}

function describeHub(hub: Hub): Record<string, unknown> {
  const ids = hub.partitions.map(({ id }) => id);
  return {
    name: hub.name,
    type: HUB_TYPE,
    created_at: types.wrap_timestamp(hub.createdAt),
    partition_count: types.wrap_int(ids.length),
    partition_ids: types.wrap_array(ids, STRING_CODE, undefined),
    georeplication_factor: types.wrap_int(1),
  };
}

function describePartition(hub: Hub, partition: Partition): Record<string, unknown> {
  const { last } = partition.state;
  return {
    name: hub.name,
    type: PARTITION_TYPE,
    partition: partition.id,
    begin_sequence_number: types.wrap_long(partition.firstSequenceNumber),
    last_enqueued_sequence_number: types.wrap_long(last?.sequenceNumber ?? -1),
    last_enqueued_offset: String(last?.offset ?? -1),
    last_enqueued_time_utc: types.wrap_timestamp(last?.enqueuedAt ?? 0),
    is_partition_empty: partition.isEmpty,
  };
}

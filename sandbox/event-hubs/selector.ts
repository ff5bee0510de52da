import { AmqpConditionError } from './amqp-error.ts';
import type { Partition } from './partition.ts';

/** Where a receiver wants to start, as its link's filter says it. */
export type Selector =
  | { readonly by: 'start' }
  | { readonly by: 'latest' }
  | {
      readonly by: 'offset' | 'sequenceNumber' | 'enqueuedAt';
      readonly value: number;
      /** Whether the event with exactly this value is the first, or the one behind it. */
      readonly isInclusive: boolean;
    };

const PATTERN = /^amqp\.annotation\.(x-opt-offset|x-opt-sequence-number|x-opt-enqueued-time)\s*(>=?)\s*'?([^']*)'?$/;

/**
 * Reads a selector filter such as `amqp.annotation.x-opt-offset > '4096'`. Empty text is the start of the partition.
 *
 * @throws AmqpConditionError com.microsoft:argument-error
 */
export function parseSelector(text: string): Selector {
  if (text.trim() === '') return { by: 'start' };
  const [, annotation, operator, value = ''] = PATTERN.exec(text.trim()) ?? [];
  if (annotation === 'x-opt-offset' && value === '@latest') return { by: 'latest' };
  if (annotation === undefined || !/^-?\d+$/.test(value)) {
    throw new AmqpConditionError('com.microsoft:argument-error', 'The filter is not one that event hubs know.');
  }
  return { by: PROPERTY[annotation as keyof typeof PROPERTY], value: Number(value), isInclusive: operator === '>=' };
}

const PROPERTY = {
  'x-opt-offset': 'offset',
  'x-opt-sequence-number': 'sequenceNumber',
  'x-opt-enqueued-time': 'enqueuedAt',
} as const;

/**
 * The sequence number of the first event a receiver gets. What the partition does not keep any more is passed over.
 *
 * @throws AmqpConditionError com.microsoft:argument-error for an offset or number that was never reached: the checkpoint
 *   of another stream
 */
export function startOf(selector: Selector, partition: Partition): number {
  const { last, nextSequenceNumber } = partition.state;
  switch (selector.by) {
    case 'start':
      return partition.firstSequenceNumber;
    case 'latest':
      return nextSequenceNumber;
    case 'offset':
      refuseBeyond('offset', selector.value, last?.offset);
      break;
    case 'sequenceNumber':
      refuseBeyond('sequence number', selector.value, last?.sequenceNumber);
      break;
    case 'enqueuedAt':
  }
  const { by, value, isInclusive } = selector;
  return partition.find((event) => (isInclusive ? event[by] >= value : event[by] > value));
}

function refuseBeyond(what: string, value: number, last = -1): void {
  if (value < 0 || value <= last) return;
  throw new AmqpConditionError(
    'com.microsoft:argument-error',
    `The supplied ${what} '${value}' is invalid. The last ${what} in the system is '${last}'`,
  );
}

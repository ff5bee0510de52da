import type { EventHubConsumerClient, PartitionContext, SubscriptionEventHandlers } from '@azure/event-hubs';
import { expect, test } from '@jest/globals';
import { HubSubscription } from '../../../ingest-bridge/hub-subscription.ts';
import { createLogger } from '../../../service/log.ts';
import { createMetrics } from '../../../service/metrics.ts';

const STREAM = { namespace: 'ns', hub: 'devicedata', createdOn: '2026-01-01T00:00:00.000Z', epoch: 0 };

/** A subscription whose handlers the test calls as the SDK does, in the orders that the SDK can take. */
function subscribed(createdOn = STREAM.createdOn) {
  let handlers: SubscriptionEventHandlers | undefined;
  const consumer = {
    subscribe: (given: SubscriptionEventHandlers) => {
      handlers = given;
      return { isRunning: true, close: () => Promise.resolve() };
    },
    close: () => Promise.resolve(),
  } as unknown as EventHubConsumerClient;
  const asking = {
    getEventHubProperties: () => Promise.resolve({ createdOn: new Date(createdOn) }),
    getPartitionProperties: () => Promise.resolve({ lastEnqueuedSequenceNumber: -1 }),
  } as unknown as EventHubConsumerClient;
  const subscription = new HubSubscription({
    consumer,
    asking,
    of: STREAM,
    intake: { metrics: createMetrics({ process: 'ingest-bridge', deployment: 'test' }).instruments } as never,
    dispatchIntervalMs: 0,
    receiveBatchSize: 10,
    log: createLogger('test', 'silent'),
    noteError: () => undefined,
  });
  const run = subscription.run();
  if (handlers === undefined) throw new Error('Expected the subscription to subscribe');
  return { subscription, handlers, run };
}

const context = (partitionId: string): PartitionContext => ({ partitionId }) as PartitionContext;

test('the late close of an earlier time does not take a partition from the next', async () => {
  const { subscription, handlers, run } = subscribed();
  const [first, second] = [context('0'), context('0')];
  await handlers.processInitialize?.(first);
  await handlers.processInitialize?.(second);
  await handlers.processClose?.('OwnershipLost' as never, first);
  expect(subscription.health()).toHaveProperty('0');
  await handlers.processClose?.('Shutdown' as never, second);
  expect(subscription.health()).toEqual({});
  subscription.end();
  await run;
});

test('events of a partition that was not begun end the subscription: nothing may pass them over', async () => {
  const { handlers, run } = subscribed();
  await handlers.processEvents([{} as never], context('0'));
  await run;
});

test.each(["The supplied offset '9' is invalid", "The supplied sequence number '9' is invalid"])(
  'a position the hub does not know ends the subscription: %s',
  async (message) => {
    const { handlers, run } = subscribed();
    await handlers.processError(new Error(message), context('0'));
    await run;
  },
);

test('other errors of the SDK do not end it', async () => {
  const { subscription, handlers, run } = subscribed();
  await handlers.processError(new Error('the connection was cut'), context('0'));
  expect(await Promise.race([run.then(() => 'ended'), Promise.resolve('running')])).toBe('running');
  subscription.end();
  await run;
});

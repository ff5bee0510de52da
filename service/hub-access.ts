import type { CheckpointStore, EventHubClientOptions, EventHubConsumerClientOptions } from '@azure/event-hubs';
import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import { OperatorError } from '../core/operator-error.ts';
import { azureCredential } from './azure-credential.ts';

/** The settings that say where the hub is. */
export interface HubSettings {
  readonly eventHubConnectionString: string | undefined;
  readonly eventHubNamespace: string | undefined;
  readonly eventHubName: string;
  readonly eventHubTransport: 'amqp' | 'websockets';
}

/** How the hub is reached: what every client of the SDK is given. */
export type HubAccess =
  | { readonly kind: 'connection-string'; readonly connectionString: string; readonly transport: HubTransport }
  | {
      readonly kind: 'entra-id';
      readonly namespace: string;
      readonly hub: string;
      readonly credential: TokenCredential;
      readonly transport: HubTransport;
    };
type HubTransport = Pick<EventHubClientOptions, 'webSocketOptions'>;

/**
 * @param credentialOf asked only when a namespace is set
 * @throws OperatorError when no hub is set
 */
export async function hubAccess(
  settings: HubSettings,
  credentialOf: () => Promise<TokenCredential> = azureCredential,
): Promise<HubAccess> {
  const { eventHubConnectionString: given, eventHubNamespace: namespace, eventHubName: hub } = settings;
  const transport = transportOf(settings);
  if (namespace !== undefined) return { kind: 'entra-id', namespace, hub, credential: await credentialOf(), transport };
  if (given === undefined) {
    throw new OperatorError(
      'Neither IOMT_EVENT_HUB_CONNECTION_STRING nor IOMT_EVENT_HUB_NAMESPACE is set, and no local system is running: ' +
        'start it (npm start), or set one of them',
    );
  }
  // A connection string may name its hub itself.
  const connectionString = /(^|;)EntityPath=/i.test(given) ? given : `${given};EntityPath=${hub}`;
  return { kind: 'connection-string', connectionString, transport };
}

export function createConsumer(
  access: HubAccess,
  consumerGroup: string,
  options: EventHubConsumerClientOptions,
  checkpoints?: CheckpointStore,
): EventHubConsumerClient {
  const all = { ...options, ...access.transport };
  switch (access.kind) {
    case 'connection-string': {
      const { connectionString } = access;
      return checkpoints === undefined
        ? new EventHubConsumerClient(consumerGroup, connectionString, all)
        : new EventHubConsumerClient(consumerGroup, connectionString, checkpoints, all);
    }
    case 'entra-id': {
      const { namespace, hub, credential } = access;
      return checkpoints === undefined
        ? new EventHubConsumerClient(consumerGroup, namespace, hub, credential, all)
        : new EventHubConsumerClient(consumerGroup, namespace, hub, credential, checkpoints, all);
    }
  }
}

export function createProducer(access: HubAccess, options: EventHubClientOptions): EventHubProducerClient {
  const all = { ...options, ...access.transport };
  switch (access.kind) {
    case 'connection-string':
      return new EventHubProducerClient(access.connectionString, all);
    case 'entra-id':
      return new EventHubProducerClient(access.namespace, access.hub, access.credential, all);
  }
}

/** Node's own WebSocket: with NODE_USE_ENV_PROXY=1 it goes through the proxy that HTTPS_PROXY names. */
function transportOf({ eventHubTransport }: HubSettings): HubTransport {
  switch (eventHubTransport) {
    case 'amqp':
      return {};
    case 'websockets':
      return { webSocketOptions: { webSocket: WebSocket } };
  }
}

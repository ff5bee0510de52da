import type { Connection, Container, Delivery, EventContext, Receiver, Sender } from 'rhea';
import type { AccessRules } from './access-token.ts';
import { AmqpConditionError, toAmqpError } from './amqp-error.ts';
import { Claims } from './claims.ts';
import { findEntity, type Entity, type Hubs } from './entity-address.ts';
import { answer } from './node-answer.ts';
import { Receivers } from './receivers.ts';
import {
  attachOf,
  completeAttach,
  completeBegin,
  completeFrames,
  creditOf,
  encodedTransferOf,
  type LinkAttach,
} from './rhea-internals.ts';

export interface AmqpServiceOptions {
  readonly hubs: Hubs;
  readonly rules: AccessRules;
  readonly log: (line: string) => void;
}

type HubEntity = Extract<Entity, { kind: 'hub' }>;

/** What is known of one connection. */
interface ConnectionState {
  readonly claims: Claims;
  /** Links that take replies, by the names requests may use for them. */
  readonly replyLinks: Map<string, Sender>;
}

/** The limit of a transfer, batch included: that of the Event Hubs standard tier. */
export const MAX_MESSAGE_BYTES = 2 ** 20;
/** Never to be used up: an SDK without credit waits a second, then reports the server as busy. */
const SEND_CREDIT = 500;

/** Event Hubs' part of an AMQP conversation: which links there are, what may be sent to them, what comes from them. */
export class AmqpService {
  readonly #options: AmqpServiceOptions;
  readonly #connections = new Map<Connection, ConnectionState>();
  readonly #entities = new WeakMap<Receiver, Entity>();
  readonly #receivers: Receivers;
  #isStopped = false;

  constructor(options: AmqpServiceOptions) {
    this.#options = options;
    this.#receivers = new Receivers(options.log);
  }

  listenTo(container: Container): void {
    this.#onConnections(container);
    container.on('session_open', ({ session }: EventContext) => {
      if (session !== undefined) completeBegin(session);
    });
    container.on('session_close', ({ session }: EventContext) => {
      this.#receivers.removeWhere(({ link }) => link.session === session);
    });
    container.on('sender_open', this.#onReceiverAttached);
    container.on('sender_close', ({ sender }: EventContext) => {
      this.#receivers.removeWhere(({ link }) => link === sender);
    });
    container.on('sender_draining', ({ sender }: EventContext) => sender?.set_drained(true));
    container.on('receiver_open', this.#onSenderAttached);
    container.on('receiver_close', () => undefined); // rhea takes an unheard close with an error for a failure of its own
    container.on('message', this.#onMessage);
  }

  /** From here on nothing is taken or delivered; what is not acknowledged yet may still be. */
  stop(): void {
    this.#isStopped = true;
    this.#receivers.removeWhere(() => true);
  }

  #onConnections(container: Container): void {
    container.on('connection_open', ({ connection }: EventContext) => {
      this.#connections.set(connection, { claims: new Claims(), replyLinks: new Map() });
      completeFrames(connection);
    });
    const forget = ({ connection }: EventContext): void => {
      this.#connections.delete(connection);
      this.#receivers.removeWhere(({ link }) => link.connection === connection);
    };
    container.on('connection_close', forget);
    container.on('disconnected', forget);
    for (const event of ['error', 'connection_error', 'protocol_error']) {
      container.on(event, (cause: Error | EventContext) => {
        const error = 'container' in cause ? cause.error : cause;
        this.#options.log(`${event}: ${error?.message ?? 'without a reason'}`);
      });
    }
  }

  /** The client will send: to a hub, a partition, or a node that answers. */
  readonly #onSenderAttached = (context: EventContext): void => {
    const link = context.receiver;
    if (link === undefined) return;
    this.#attach(link, context, ({ targetAddress }) => {
      const entity = this.#authorized(targetAddress, context.connection);
      if (entity.kind === 'hub' && entity.hasConsumerGroup) throw notAllowed('events are sent to a hub or a partition');
      this.#entities.set(link, entity);
      link.add_credit(SEND_CREDIT);
    });
  };

  /** The client will receive: events of a partition, or answers. */
  readonly #onReceiverAttached = (context: EventContext): void => {
    const link = context.sender;
    if (link === undefined) return;
    this.#attach(link, context, (attach) => {
      const entity = this.#authorized(attach.sourceAddress, context.connection);
      if (entity.kind === 'hub') {
        const { path, partition, hasConsumerGroup } = entity;
        if (!hasConsumerGroup || partition === undefined) throw notAllowed('events come from a partition of a group');
        this.#receivers.subscribe(link, path, partition, attach);
        return;
      }
      const { replyLinks } = this.#stateOf(context.connection);
      for (const name of [link.name, attach.targetAddress]) if (name !== undefined) replyLinks.set(name, link);
    });
  };

  #attach(link: Sender | Receiver, { connection }: EventContext, accept: (attach: LinkAttach) => void): void {
    try {
      completeAttach(link);
      accept(attachOf(link));
      link.set_source(link.source);
      link.set_target(link.target);
    } catch (error) {
      this.#options.log(`a link of ${connection.container_id} was refused: ${String(error)}`);
      link.close(toAmqpError(error));
    }
  }

  #authorized(address: string | undefined, connection: Connection): Entity {
    const entity = findEntity(address, this.#options.hubs);
    if (entity.kind === 'hub') this.#stateOf(connection).claims.require(entity.path, Date.now());
    return entity;
  }

  readonly #onMessage = (context: EventContext): void => {
    const { receiver: link, delivery } = context;
    const entity = link && this.#entities.get(link);
    if (link === undefined || delivery === undefined || entity === undefined || this.#isStopped) return;
    if (entity.kind === 'hub') {
      void this.#publish(context, link, delivery, entity);
      return;
    }
    delivery.accept();
    link.add_credit(1);
    const { claims, replyLinks } = this.#stateOf(context.connection);
    answer(context, entity.kind, { ...this.#options, claims, replyLinks });
  };

  /** Accepts only what is stored: an accepted event is never lost. */
  async #publish(context: EventContext, link: Receiver, delivery: Delivery, entity: HubEntity): Promise<void> {
    try {
      const { bytes, format } = encodedTransferOf(context);
      if (bytes.length > MAX_MESSAGE_BYTES) throw tooLarge(bytes.length);
      await entity.hub.publish(bytes, format, entity.partition?.id);
      delivery.accept();
    } catch (error) {
      this.#options.log(`a send to ${entity.path} was refused: ${String(error)}`);
      delivery.reject(toAmqpError(error));
    }
    if (creditOf(link) < SEND_CREDIT / 2) link.add_credit(SEND_CREDIT / 2);
  }

  #stateOf(connection: Connection): ConnectionState {
    const state = this.#connections.get(connection);
    if (state === undefined) throw new Error('A link was attached before its connection was open');
    return state;
  }
}

function notAllowed(reason: string): AmqpConditionError {
  return new AmqpConditionError('amqp:not-allowed', `The address cannot be used like this: ${reason}.`);
}

function tooLarge(byteCount: number): AmqpConditionError {
  return new AmqpConditionError(
    'amqp:link:message-size-exceeded',
    `The received message (${byteCount} bytes) exceeds the limit of the link (${MAX_MESSAGE_BYTES} bytes).`,
  );
}

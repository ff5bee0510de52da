import type { Socket } from 'node:net';
import rhea, {
  type Connection,
  type Container,
  type EventContext,
  type Receiver,
  type Sender,
  type Session,
} from 'rhea';

/**
 * The members of rhea 3.0.5 this server needs and its typings leave out. Everything untyped goes through here, so that an
 * update of rhea has one file to be checked against.
 */
interface SenderInternals {
  /** Taken off only when a transfer is written, not when it is handed over. */
  readonly credit: number;
  readonly local: { readonly attach: AttachFrame };
}

interface AttachFrame {
  snd_settle_mode: 0 | 1 | 2;
  properties?: Record<string, unknown>;
}

interface SessionInternals {
  readonly local: { readonly begin: { handle_max: number; properties: Record<string, unknown> } };
  readonly outgoing: {
    readonly next_delivery_id: number;
    /** The first delivery that is not written yet. */
    readonly next_pending_delivery: number;
    /** Free places for deliveries; handing over one more throws. */
    available(): number;
  };
}

interface ConnectionInternals {
  readonly socket: Socket;
  _write_frame(channel: number, frame?: { batchable?: boolean }, payload?: Buffer): void;
}

interface ServerMechanisms {
  enable_anonymous(): void;
  ANONYMOUS?: unknown;
  MSSBCBS?: unknown;
}

/** How many deliveries a sender can be given now: by the client's credit, and by the room its session has. */
export function sendableCount(sender: Sender): { credit: number; room: number } {
  const { outgoing } = sender.session as unknown as SessionInternals;
  const unwritten = outgoing.next_delivery_id - outgoing.next_pending_delivery;
  return { credit: (sender as unknown as SenderInternals).credit - unwritten, room: outgoing.available() };
}

/** Sends settled: the client need not answer each delivery. Only before the attach is answered. */
export function sendSettled(sender: Sender): void {
  (sender as unknown as SenderInternals).local.attach.snd_settle_mode = 1;
}

/** What a client's attach says. Its termini and properties may be missing, whatever the typings promise. */
export function attachOf(link: Sender | Receiver): LinkAttach {
  const { source, target, properties, desired_capabilities } = link as unknown as RemoteAttach;
  return {
    sourceAddress: source?.address,
    targetAddress: target?.address,
    selector: selectorOf(source?.filter?.['apache.org:selector-filter:string']),
    properties: properties ?? {},
    desiredCapabilities: [desired_capabilities ?? []].flat().map(String),
  };
}

export interface LinkAttach {
  readonly sourceAddress: string | undefined;
  readonly targetAddress: string | undefined;
  /** Text of the selector filter; empty without one. */
  readonly selector: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly desiredCapabilities: readonly string[];
}

interface RemoteAttach {
  readonly source?: { readonly address?: string; readonly filter?: Readonly<Record<string, unknown>> } | null;
  readonly target?: { readonly address?: string } | null;
  readonly properties?: Readonly<Record<string, unknown>> | null;
  readonly desired_capabilities?: unknown;
}

/** The filter is a described value: the text is inside. */
function selectorOf(filter: unknown): string {
  const text = typeof filter === 'object' && filter !== null && 'value' in filter ? filter.value : filter;
  return typeof text === 'string' ? text : '';
}

export function creditOf(receiver: Receiver): number {
  return (receiver as unknown as { readonly credit: number }).credit;
}

export function socketOf(connection: Connection): Socket {
  return (connection as unknown as ConnectionInternals).socket;
}

/** The parts of a request to a node that matter. */
export interface DecodedMessage {
  readonly message_id?: string | number | Buffer;
  readonly reply_to?: string;
  readonly application_properties?: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/**
 * A transfer's bytes and its message format. rhea hands on the bytes of every format but 0; a message of format 0 (no
 * Azure SDK sends events so) is encoded again, which may choose other AMQP types for its annotations.
 */
export function encodedTransferOf(context: EventContext): { bytes: Buffer; format: number } {
  const { message, format = 0 } = context as { readonly message?: unknown; readonly format?: number };
  return { bytes: Buffer.isBuffer(message) ? message : rhea.message.encode(message), format };
}

export function decodedMessageOf({ message }: EventContext): DecodedMessage {
  return (Buffer.isBuffer(message) ? rhea.message.decode(message) : message) as unknown as DecodedMessage;
}

/** Clients say who they are by a token over `$cbs`, not by SASL: both mechanisms they may pick let anyone in. */
export function offerAnonymousSasl(container: Container): void {
  const mechanisms = container.sasl_server_mechanisms as ServerMechanisms;
  mechanisms.enable_anonymous();
  mechanisms.MSSBCBS = mechanisms.ANONYMOUS;
}

/** Fills trailing fields that rhea leaves out and the Python SDK reads without asking whether they are there. */
export function completeBegin(session: Session): void {
  Object.assign((session as unknown as SessionInternals).local.begin, { handle_max: 255, properties: {} });
}

/** As `completeBegin`, for an attach. */
export function completeAttach(link: Sender | Receiver): void {
  (link as unknown as SenderInternals).local.attach.properties ??= {};
}

/** As `completeBegin`, for every disposition and transfer: `batchable` is their last field. */
export function completeFrames(connection: Connection): void {
  const internals = connection as unknown as ConnectionInternals;
  const write = internals._write_frame.bind(internals);
  internals._write_frame = (channel, frame, payload) => {
    if (frame !== undefined && 'batchable' in frame) frame.batchable = false;
    write(channel, frame, payload);
  };
}

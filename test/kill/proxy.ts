import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** Tells the writes in the bytes of one connection. Kinds are the spotter's own. */
export interface WriteSpotter {
  /** The kind of a write that is under way with what the client sends, which does not complete it before. */
  sent(chunk: Buffer): string | undefined;
  /** The kind of a write that what the server sends is the answer to. */
  answered(chunk: Buffer): string | undefined;
}

/** Before the server has it, or after the server has done it and before the client knows. */
export type Stage = 'request' | 'answer';

/** A write that goes no further until it is let go. */
export interface HeldWrite {
  release(): void;
  /** Both ends see their connection end. */
  cut(): void;
}

export interface Proxy {
  readonly port: number;
  /** Holds the next write of a kind that comes to a stage. Rejects when the signal is aborted before. */
  hold(stage: Stage, kind: string, signal: AbortSignal): Promise<HeldWrite>;
  /** Cuts every connection. @returns how many there were */
  cut(): number;
  stop(): Promise<void>;
}

export interface ProxyOptions {
  readonly targetPort: number;
  /** For each connection; without it, nothing can be held. */
  readonly spotter?: () => WriteSpotter;
}

const HOST = '127.0.0.1';

/** Passes bytes on between clients and a server on this machine that may come and go. */
export async function startProxy({ targetPort, spotter }: ProxyOptions): Promise<Proxy> {
  const waiting: { stage: Stage; kind: string; take: (held: HeldWrite) => void }[] = [];
  const open = new Set<Socket>();
  const pass = (from: Socket, to: Socket, stage: Stage, kindOf: (chunk: Buffer) => string | undefined): void => {
    from.on('data', (chunk: Buffer) => {
      const kind = kindOf(chunk);
      const at = waiting.findIndex((waiter) => waiter.stage === stage && waiter.kind === kind);
      if (at === -1) {
        to.write(chunk);
        return;
      }
      from.pause();
      waiting.splice(at, 1)[0]?.take(heldWrite(from, to, chunk));
    });
  };
  const server = createServer((client) => {
    const upstream = connect(targetPort, HOST);
    const spots = spotter?.();
    tie(client, upstream, open);
    pass(client, upstream, 'request', (chunk) => spots?.sent(chunk));
    pass(upstream, client, 'answer', (chunk) => spots?.answered(chunk));
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const cut = (): number => {
    const count = open.size;
    for (const client of open) client.destroy();
    return count;
  };
  return {
    port: (server.address() as AddressInfo).port,
    hold: (stage, kind, signal) =>
      new Promise((resolve, reject) => {
        const waiter = { stage, kind, take: resolve };
        waiting.push(waiter);
        signal.addEventListener('abort', () => {
          const at = waiting.indexOf(waiter);
          if (at !== -1) waiting.splice(at, 1);
          reject(signal.reason as Error);
        });
      }),
    cut,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

function heldWrite(from: Socket, to: Socket, chunk: Buffer): HeldWrite {
  return {
    release() {
      to.write(chunk);
      from.resume();
    },
    cut() {
      from.destroy();
      to.destroy();
    },
  };
}

/** The end of one is the end of the other. */
function tie(client: Socket, upstream: Socket, open: Set<Socket>): void {
  open.add(client);
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.setNoDelay();
    one.on('error', () => undefined); // 'close' follows
    one.on('close', () => {
      open.delete(client);
      other.destroy();
    });
  }
}

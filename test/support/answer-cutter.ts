import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** A way to a server on loopback that can lose answers: the server has then done what it was asked, and nobody hears. */
export interface AnswerCutter {
  readonly port: number;
  /** Cuts the next connection on which an answer comes, before a byte of it is through. */
  cutNext(): void;
  /** How many answers were cut. */
  cutCount(): number;
  stop(): Promise<void>;
}

export async function startAnswerCutter(serverPort: number): Promise<AnswerCutter> {
  let isArmed = false;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    const end = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      if (!isArmed) {
        client.write(bytes);
        return;
      }
      isArmed = false;
      cuts += 1;
      end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cutNext() {
      isArmed = true;
    },
    cutCount: () => cuts,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

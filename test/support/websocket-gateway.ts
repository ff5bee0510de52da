import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { createServer } from 'node:https';
import type { KeyAndCertificate } from './self-signed.ts';

export interface Gateway {
  readonly port: number;
  stop(): Promise<void>;
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BINARY = 0x82;
const CLOSE = 0x8;

/** AMQP in WebSockets over TLS, as Event Hubs takes it on port 443, handed on to a server that takes plain AMQP. */
export async function startWebSocketGateway(tls: KeyAndCertificate, amqpPort: number): Promise<Gateway> {
  const server = createServer(tls);
  const sockets = new Set<Socket>();
  server.on('upgrade', ({ headers }, socket: Socket) => {
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
    const answer = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      `Sec-WebSocket-Protocol: ${headers['sec-websocket-protocol']}`,
    ];
    socket.write(`${answer.join('\r\n')}\r\n\r\n`);
    const amqp = connect(amqpPort, '127.0.0.1');
    for (const end of [socket, amqp]) {
      sockets.add(end);
      end.on('error', () => undefined); // its close follows
      end.on('close', () => {
        socket.destroy();
        amqp.destroy();
      });
    }
    amqp.on('data', (bytes: Buffer) => socket.write(framed(bytes)));
    const read = frameReader((payload) => amqp.write(payload));
    socket.on('data', read);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One whole binary frame, RFC 6455 section 5.2. */
function framed(payload: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head[0] = BINARY;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

/** Frames of a client, which masks them. */
function frameReader(take: (payload: Buffer) => void): (bytes: Buffer) => void {
  let buffered = Buffer.alloc(0);
  return (bytes) => {
    buffered = Buffer.concat([buffered, bytes]);
    for (;;) {
      if (buffered.length < 2) return;
      const short = buffered.readUInt8(1) & 0x7f;
      const headLength = { 126: 4, 127: 10 }[short] ?? 2;
      if (buffered.length < headLength + 4) return;
      const length =
        short === 126 ? buffered.readUInt16BE(2) : short === 127 ? Number(buffered.readBigUInt64BE(2)) : short;
      const end = headLength + 4 + length;
      if (buffered.length < end) return;
      const mask = buffered.subarray(headLength, headLength + 4);
      const payload = Buffer.from(buffered.subarray(headLength + 4, end)).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
      if ((buffered.readUInt8(0) & 0xf) !== CLOSE) take(Buffer.from(payload));
      buffered = buffered.subarray(end);
    }
  };
}

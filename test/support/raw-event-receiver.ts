import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import rhea, { type EventContext } from 'rhea';

export interface RawReceiverOptions {
  readonly port: number;
  readonly hub: string;
  readonly policy: { readonly name: string; readonly key: string };
  /** How many events the client says it can take, along with its attach. */
  readonly credit: number;
}

/**
 * Receives from partition 0 by plain AMQP, with less care than the SDKs take: it grants credit before its attach is
 * answered, and can stop reading what it has granted credit for.
 */
export async function receiveRaw({ port, hub, policy, credit }: RawReceiverOptions) {
  const container = rhea.create_container();
  const connection = container.connect({ host: '127.0.0.1', port, username: 'anyone', reconnect: false });
  await once(connection, 'connection_open');
  const answers = connection.open_receiver({ name: 'answers', source: '$cbs' });
  connection.open_sender('$cbs').send(putToken(hub, policy));
  const [{ message }] = (await once(answers, 'message')) as [EventContext];
  const receiver = connection.open_receiver({
    source: `${hub}/ConsumerGroups/$Default/Partitions/0`,
    credit_window: 0,
  });
  receiver.add_credit(credit);
  let count = 0;
  receiver.on('message', () => count++);
  const socket = connection['socket'] as Socket;
  return {
    status: message?.application_properties?.['status-code'] as unknown,
    received: () => count,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: async () => {
      socket.resume();
      connection.close();
      await once(connection, 'connection_close');
    },
  };
}

function putToken(hub: string, policy: RawReceiverOptions['policy']) {
  const name = `sb://localhost/${hub}`;
  const type = 'servicebus.windows.net:sastoken';
  const application_properties = { operation: 'put-token', type, name };
  return { message_id: 1, reply_to: 'answers', application_properties, body: createToken(name, policy) };
}

function createToken(resource: string, { name, key }: RawReceiverOptions['policy']): string {
  const [encoded, expiry] = [encodeURIComponent(resource), Math.ceil(Date.now() / 1000) + 60];
  const signature = createHmac('sha256', key).update(`${encoded}\n${expiry}`).digest('base64');
  return `SharedAccessSignature sr=${encoded}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${name}`;
}

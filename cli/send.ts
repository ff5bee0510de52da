import type { Command } from 'commander';
import { text } from 'node:stream/consumers';
import { createProducer, hubAccess } from '../service/hub-access.ts';
import type { CommandContext } from './command-context.ts';

interface SendOptions {
  readonly key?: string;
}

const RETRY_OPTIONS = { maxRetries: 3, retryDelayInMs: 500, timeoutInMs: 10_000 };

export function addSendCommand(program: Command, contextOf: () => CommandContext): void {
  program
    .command('send')
    .argument('[message]', 'the body of the event; without it, standard input is sent')
    .description('send one message to the hub, as a device would')
    .option('--key <partition key>', 'events of one key keep their order; a device usually sends its own id')
    .addHelpText(
      'after',
      `\nExample:\n  $ npm run -s cli -- send '{"deviceId": "my-monitor", "measuredAt": "2026-11-23T08:00:00Z", "heartRate": 71}'`,
    )
    .action(async (message: string | undefined, options: SendOptions) => {
      const context = contextOf();
      await send(context, message ?? (await text(process.stdin)), options);
      context.print('Taken in by the hub.');
    });
}

/** Resolves once the hub has acknowledged the event. The body goes as it is: whether it can be read is what one tries. */
async function send({ config }: CommandContext, body: string, { key }: SendOptions): Promise<void> {
  const producer = createProducer(await hubAccess(config), { retryOptions: RETRY_OPTIONS });
  try {
    await producer.sendBatch([{ body: Buffer.from(body) }], key === undefined ? {} : { partitionKey: key });
  } finally {
    await producer.close();
  }
}

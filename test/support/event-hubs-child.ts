import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startEventHubsServer, type EventHubsServerOptions } from '../../sandbox/event-hubs/event-hubs-server.ts';

/**
 * An Event Hubs server in a process of its own, to be killed or measured. Options come as JSON in the first argument; it
 * sends its connection string when it is ready, and answers every message with the bytes it holds on to.
 */
const options = JSON.parse(process.argv[2] ?? '') as EventHubsServerOptions;
const server = await startEventHubsServer(options);
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
process.on('message', () => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.(heapUsed + external);
});
process.send?.(server.connectionString);

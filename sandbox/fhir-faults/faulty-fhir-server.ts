import { startFhirServer } from '../fhir-server/fhir-server.ts';
import type { FhirServer, FhirServerOptions } from '../fhir-server/fhir-server.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { Fault } from './fault.ts';

/**
 * Starts a FHIR server, and before it a proxy that injects the faults: port and base URL are the proxy's.
 *
 * @throws when the port is taken or the file is no database
 */
export async function startFaultyFhirServer(options: FhirServerOptions, faults: readonly Fault[]): Promise<FhirServer> {
  const { host = '127.0.0.1', port = 0 } = options;
  const server = await startFhirServer({ ...options, port: 0 });
  const proxy = await startFaultProxy({ target: server.baseUrl, host, port }).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  for (const fault of faults) proxy.inject(fault);
  return {
    port: proxy.port,
    baseUrl: proxy.baseUrl,
    async stop() {
      await proxy.stop();
      await server.stop();
    },
  };
}

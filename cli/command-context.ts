import { loadConfig, readEmbeddedAddresses } from '../config/load-config.ts';
import type { Config } from '../config/settings.ts';

/** What every command is given: the configuration, with the addresses of a running local stack where none are set. */
export interface CommandContext {
  readonly config: Config;
  readonly embeddedTemporal: string | undefined;
  readonly print: (line: string) => void;
}

/** @throws ConfigError */
export function commandContext(): CommandContext {
  const config = loadConfig();
  const embedded = readEmbeddedAddresses(config);
  const { fhirUrl = embedded?.fhirUrl } = config;
  const embeddedHub = config.eventHubNamespace === undefined ? embedded?.eventHubConnectionString : undefined;
  const addresses = { eventHubConnectionString: config.eventHubConnectionString ?? embeddedHub, fhirUrl };
  return { config: { ...config, ...addresses }, embeddedTemporal: embedded?.temporalAddress, print };
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

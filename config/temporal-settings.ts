import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Environment } from './load-config.ts';

/** How to reach Temporal: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, TLS, API key and profiles by Temporal's own rules. */
export type TemporalSettings = ReturnType<typeof loadClientConnectConfig>;

/**
 * Temporal's own environment configuration.
 *
 * @param embeddedAddress used when neither environment nor profile name an address
 * @see https://docs.temporal.io/develop/environment-configuration
 */
export function loadTemporalSettings(
  embeddedAddress?: string,
  environment: Environment = process.env,
): TemporalSettings {
  const given = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const settings = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
  if (settings.connectionOptions.address !== undefined || embeddedAddress === undefined) return settings;
  return { ...settings, connectionOptions: { ...settings.connectionOptions, address: embeddedAddress } };
}

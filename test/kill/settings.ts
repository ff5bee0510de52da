import { randomInt } from 'node:crypto';
import type { SettingName } from '../../config/settings.ts';
import { environmentName } from '../../config/settings.ts';
import { freePort } from '../../sandbox/free-port.ts';

export const DEPLOYMENT = 'kill';
export const HUB = 'devicedata';
export const PARTITION_COUNT = 2;
/** Of the embedded hub, and no secret. */
const POLICY = { name: 'RootManageSharedAccessKey', key: 'SAS_KEY_VALUE' };
export const POLICIES = { [POLICY.name]: POLICY.key };

/** Everything short, so that much happens in a minute. */
export const SHORT_SETTINGS: Partial<Record<SettingName, string>> = {
  deployment: DEPLOYMENT,
  eventHubName: HUB,
  eventHubPartitions: String(PARTITION_COUNT),
  window: '1500ms',
  dispatchInterval: '500ms',
  templatePollInterval: '500ms',
  ownershipExpiry: '5s',
  retryFastInitial: '200ms',
  retryFastAttempts: '3',
  retrySlowInitial: '1s',
  retrySlowMaximum: '3s',
  identityMaxAge: '5s',
  fhirTimeout: '5s',
};

/** Without settings of whoever runs the test: nothing may touch a real server. */
export function childEnvironment(settings: Partial<Record<SettingName, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(IOMT|TEMPORAL)_/.test(name));
  return { ...Object.fromEntries(kept), ...environmentOf(settings) };
}

export function environmentOf(settings: Partial<Record<SettingName, string>>): Record<string, string> {
  const entries = Object.entries(settings).map(([name, value]) => [environmentName(name as SettingName), value]);
  return Object.fromEntries(entries) as Record<string, string>;
}

export function connectionStringOf(port: number): string {
  const policy = `SharedAccessKeyName=${POLICY.name};SharedAccessKey=${POLICY.key}`;
  return `Endpoint=sb://127.0.0.1:${port};${policy};UseDevelopmentEmulator=true`;
}

/**
 * Free ports, each given once, below those that systems use for outgoing connections: one of these could come to sit on
 * the port of a part that is down.
 */
export function portChooser(): () => Promise<number> {
  const given = new Set<number>();
  return async () => {
    for (;;) {
      const wanted = randomInt(15_000, 30_000);
      if (given.has(wanted) || (await freePort(wanted)) !== wanted) continue;
      given.add(wanted);
      return wanted;
    }
  };
}

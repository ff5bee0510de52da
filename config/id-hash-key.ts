import { ConfigError } from './load-config.ts';
import type { Config } from './settings.ts';

/**
 * The key by which device ids are hashed wherever they cannot be encrypted; undefined where they stand as they are.
 *
 * @throws ConfigError when they are to be hashed and there is no key
 */
export function idHashKeyOf(
  config: Pick<Config, 'deviceIds' | 'encryptionKeys' | 'idHashKey'>,
): Uint8Array | undefined {
  const { encryptionKeys, idHashKey } = config;
  const byDefault = (encryptionKeys ?? idHashKey) === undefined ? 'plain' : 'hashed';
  if ((config.deviceIds ?? byDefault) === 'plain') return undefined;
  if (idHashKey !== undefined) return idHashKey;
  throw new ConfigError([
    'IOMT_ID_HASH_KEY is not set, and device ids are to be hashed: set it to 32 random bytes in base64 ' +
      '(openssl rand -base64 32) and never change it, or set IOMT_DEVICE_IDS=plain',
  ]);
}

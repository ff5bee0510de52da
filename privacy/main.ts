import { ConfigError } from '../config/load-config.ts';
import type { Config } from '../config/settings.ts';
import { createLogger } from '../service/log.ts';
import { reportReady, runService } from '../service/run-service.ts';
import { createCodecAccess } from './codec-access.ts';
import { startCodecServer } from './codec-server.ts';
import { createKeyRing } from './key-ring.ts';
import { createPayloadCodec } from './payload-codec.ts';

/**
 * The codec server process: decrypts for whoever may see it, until it is asked to stop.
 *
 * @throws ConfigError
 */
export async function codecServerMain(config: Config): Promise<void> {
  const log = createLogger('codec-server', config.logLevel);
  const { encryptionKeys, codecTokens, codecHost: host, codecPort: port, codecOrigins: origins } = config;
  if (encryptionKeys === undefined) {
    throw new ConfigError(['IOMT_ENCRYPTION_KEYS is not set: without keys there is nothing to decrypt']);
  }
  if (codecTokens === undefined) {
    throw new ConfigError(['IOMT_CODEC_TOKENS is not set: without a token anybody could read what is encrypted']);
  }
  await runService(log, async () => {
    const server = await startCodecServer({
      ...{ host, port, origins },
      codec: createPayloadCodec(createKeyRing(encryptionKeys)),
      access: createCodecAccess(codecTokens),
      onUse: (use) => {
        log.info(use, 'payloads were handed over');
      },
      log,
    });
    log.info({ url: server.url }, 'codec server is listening');
    reportReady({ url: server.url });
    return { ended: new Promise(() => undefined), stop: () => server.stop() };
  });
}

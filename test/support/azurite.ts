import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../sandbox/free-port.ts';
import type { KeyAndCertificate } from './self-signed.ts';

/** The account and key that Microsoft has published for its emulator; they are no secret. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const MAIN = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');

/** The Blob service of Microsoft's emulator of Azure Storage, as a child process with a folder of its own. */
export class Azurite {
  readonly port: number;
  readonly #folder: string;
  readonly #options: readonly string[];
  #stop: (() => Promise<void>) | undefined;

  private constructor(port: number, folder: string, options: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
  }

  /** @param tls with it, it takes HTTPS only, and tokens of Entra ID, whose signature it does not check */
  static async start(tls?: KeyAndCertificate): Promise<Azurite> {
    const folder = await mkdtemp(join(tmpdir(), 'iomt-azurite-'));
    const options = tls === undefined ? [] : await tlsOptions(folder, tls);
    const azurite = new Azurite(await freePort(0), folder, options);
    await azurite.startAgain();
    return azurite;
  }

  /** Of its account, where it takes HTTPS. */
  url(): string {
    return `https://127.0.0.1:${this.port}/${ACCOUNT}`;
  }

  connectionString(port: number = this.port): string {
    const endpoint = `http://127.0.0.1:${port}/${ACCOUNT}`;
    return `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${endpoint};`;
  }

  /** On the same port, with what was stored before. */
  async startAgain(): Promise<void> {
    // The SDK is newer than the emulator: the versions of the protocol are not compared.
    const options = ['--blobHost', '127.0.0.1', '--blobPort', String(this.port), '--silent', '--skipApiVersionCheck'];
    const child = spawn(process.execPath, [MAIN, ...options, ...this.#options, '--location', this.#folder], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const exited = once(child, 'exit');
    this.#stop = async () => {
      child.kill('SIGTERM');
      await exited;
    };
    const listening = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.includes('successfully listens')) resolve();
      });
    });
    await Promise.race([listening, exited.then(() => Promise.reject(new Error('Azurite ended before it listened')))]);
  }

  /** In order: everything that was acknowledged is on disk. */
  async stop(): Promise<void> {
    await this.#stop?.();
    this.#stop = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function tlsOptions(folder: string, { key, cert }: KeyAndCertificate): Promise<string[]> {
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await writeFile(keyFile, key);
  await writeFile(certFile, cert);
  return ['--oauth', 'basic', '--key', keyFile, '--cert', certFile];
}

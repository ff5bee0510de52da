import { retryUntilDone } from '../service/retry.ts';

/**
 * Ends once every address that is given answers a GET with success. For servers whose images hold nothing that could
 * check their health from within.
 */
async function awaitServers(urls: readonly string[]): Promise<void> {
  await Promise.all(urls.map(awaitServer));
}

async function awaitServer(url: string): Promise<void> {
  const { signal } = new AbortController();
  await retryUntilDone(() => expectSuccess(url), {
    signal,
    maximumMs: 3000,
    onFailure: (error, attemptCount) => {
      if (attemptCount % 10 === 1)
        print(`waiting for ${url}: ${error instanceof Error ? error.message : String(error)}`);
    },
  });
  print(`${url} answers`);
}

async function expectSuccess(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`expected success, got ${response.status}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await awaitServers(process.argv.slice(2));

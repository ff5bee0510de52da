import { loadConfig } from '../config/load-config.ts';

/**
 * The health check of the image: ends with 0 when the bridge or the worker that runs beside it says that it is well. It
 * is the same for both, and looks at both ports; nothing listens at the other's.
 */
async function isHealthy(): Promise<boolean> {
  const { bridgePort, workerPort } = loadConfig();
  const answers = await Promise.all([bridgePort, workerPort].map(askHealth));
  const given = answers.filter((answer) => answer !== undefined);
  return given.length > 0 && given.every((isWell) => isWell);
}

async function askHealth(port: number): Promise<boolean | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(4000) });
    process.stdout.write(`${await response.text()}\n`);
    return response.ok;
  } catch {
    return undefined; // nobody listens there
  }
}

process.exitCode = (await isHealthy()) ? 0 : 1;

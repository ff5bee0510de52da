import { loadConfig } from '../config/load-config.ts';

/**
 * The health check of the image: ends with 0 when the bridge, the worker or the HTTP endpoint that runs beside it says
 * that it is well. It is the same for all, and looks at all ports; nothing listens at the others'.
 */
async function isHealthy(): Promise<boolean> {
  const { bridgePort, workerPort, httpPort } = loadConfig();
  const answers = await Promise.all([bridgePort, workerPort, httpPort].map(askHealth));
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

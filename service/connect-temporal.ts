import { Connection } from '@temporalio/client';
import type { Logger } from './log.ts';
import { retryUntilDone } from './retry.ts';

export interface ConnectTemporalOptions {
  readonly connectionOptions: NonNullable<Parameters<typeof Connection.connect>[0]>;
  readonly log: Logger;
  /** Aborted when the process is to stop. */
  readonly signal: AbortSignal;
}

/** Connects to Temporal, trying again for as long as it does not answer: which of the two starts first does not matter. */
export async function connectTemporal({ connectionOptions, log, signal }: ConnectTemporalOptions): Promise<Connection> {
  return await retryUntilDone(() => Connection.connect(connectionOptions), {
    signal,
    onFailure: (error, attemptCount) => {
      const { address = 'localhost:7233' } = connectionOptions;
      if (attemptCount === 1 || attemptCount % 10 === 0) {
        log.warn({ address, attemptCount, err: error }, 'Temporal cannot be reached; trying again');
      }
    },
  });
}

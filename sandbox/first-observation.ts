import { setTimeout as rest } from 'node:timers/promises';
import { z } from 'zod';

const SearchResult = z.object({ entry: z.array(z.object({ resource: z.object({ id: z.string() }) })).optional() });

/** The URL of the first Observation written after an instant; waits for it until it is called off. */
export async function firstObservation(fhirUrl: string, since: Date, signal: AbortSignal): Promise<string | undefined> {
  const search = `${fhirUrl}/Observation?_lastUpdated=gt${since.toISOString()}&_count=1`;
  while (!signal.aborted) {
    const found = await ask(search, signal).catch(() => undefined); // the server may be starting again
    const id = found?.entry?.[0]?.resource.id;
    if (id !== undefined) return `${fhirUrl}/Observation/${id}`;
    await rest(500, undefined, { signal }).catch(() => undefined); // only the signal rejects it
  }
  return undefined;
}

/** Not what the server has found a moment ago. */
async function ask(search: string, signal: AbortSignal): Promise<z.infer<typeof SearchResult>> {
  const response = await fetch(search, { headers: { 'cache-control': 'no-cache' }, signal });
  return SearchResult.parse(await response.json());
}

import type { Resource } from 'fhir/r4.js';
import type { FhirClient, HistoryEntry, WithId } from './fhir-client.ts';

/** `deleted`: somebody deleted it after it was read, and so it stays. */
type WriteBack = 'written' | 'conflict' | 'deleted';

/**
 * Writes over what was read. Some servers bring back what was deleted in the meantime, whatever version the write names:
 * they answer that it was created. It is deleted again then, unless somebody has written to it since.
 *
 * @param versionId that was read; undefined where the server names none
 */
export async function writeBack<R extends Resource>(
  fhir: FhirClient,
  resource: WithId<R>,
  versionId: string | undefined,
): Promise<WriteBack> {
  const result = await fhir.put<R>(resource, versionId === undefined ? undefined : { ifMatch: versionId });
  if (result.kind !== 'created') return result.kind === 'conflict' ? 'conflict' : 'written';
  const { resourceType } = resource;
  const id = result.id ?? resource.id;
  // A server may say 201 to any write: only its history tells.
  const history = (await fhir.history<R>(resourceType, id)) ?? [];
  if (!isBroughtBack(history, result.versionId)) return 'written';
  await fhir.delete(resourceType, id, result.versionId);
  return 'deleted';
}

function isBroughtBack(history: readonly HistoryEntry<Resource>[], versionId: string | undefined): boolean {
  const at = versionId === undefined ? 0 : history.findIndex((entry) => entry.versionId === versionId);
  const before = history[at + 1];
  return at >= 0 && before !== undefined && before.resource === undefined;
}

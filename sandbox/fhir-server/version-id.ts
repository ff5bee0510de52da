import type { Resource } from '@medplum/fhirtypes';
import type { StoredVersion } from './resource-store.ts';

/**
 * What clients call a version: as its own `meta` says, since the file may have been written under another behaviour. A
 * delete has nothing but its number.
 */
export function versionIdOf({ text, versionId }: StoredVersion): string {
  const named = text === undefined ? undefined : (JSON.parse(text) as Resource).meta?.versionId;
  return named ?? String(versionId);
}

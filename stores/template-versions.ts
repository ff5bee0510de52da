import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Versioned } from './json-object.ts';
import { getJson, putJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';

export type TemplateKind = 'deviceContent' | 'fhirMapping';

/** Which pair of templates is in force. Content hashes name versions; a version never changes. */
export interface ActiveTemplates {
  readonly deviceContent: string;
  readonly fhirMapping: string;
  /** ISO 8601 UTC. */
  readonly activatedAt: string;
  /**
   * Content hashes of the files that were considered last, taken or refused: only a file that differs from these is a
   * new upload, so that a roll-back is not undone by the next restart.
   */
  readonly considered: { readonly deviceContent: string; readonly fhirMapping: string };
}

const ActiveSchema: z.ZodType<ActiveTemplates> = z
  .object({
    deviceContent: z.string(),
    fhirMapping: z.string(),
    activatedAt: z.string(),
    considered: z.object({ deviceContent: z.string(), fhirMapping: z.string() }),
  })
  .readonly();

/** Template versions, stored by content hash and kept for ever, and the pointer to the active pair. */
export interface TemplateVersions {
  /** Stores a text and returns its version. */
  publish(kind: TemplateKind, text: string): Promise<string>;
  read(kind: TemplateKind, version: string): Promise<string | undefined>;
  active(): Promise<Versioned<ActiveTemplates> | undefined>;
  /** @throws StoreConflictError when the pointer has moved since it was read */
  activate(active: ActiveTemplates, ifVersion: string | undefined): Promise<void>;
}

export function createTemplateVersions(store: ObjectStore, deployment: string): TemplateVersions {
  const prefix = `${keyPart(deployment)}/templates/`;
  const pointer = `${prefix}active.json`;
  const keyOf = (kind: TemplateKind, version: string): string => `${prefix}${kind}/${version}.json`;
  return {
    async publish(kind, text) {
      const version = templateVersionOf(text);
      await store.put(keyOf(kind, version), new TextEncoder().encode(text));
      return version;
    },
    async read(kind, version) {
      const stored = await store.get(keyOf(kind, version));
      return stored && new TextDecoder().decode(stored.value);
    },
    active: () => getJson(store, pointer, ActiveSchema),
    async activate(active, ifVersion) {
      await putJson(store, pointer, active, ifVersion === undefined ? { ifAbsent: true } : { ifVersion });
    },
  };
}

/** The content hash that names a template text: hex SHA-256, cut to 16 digits to be read aloud. */
export function templateVersionOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

import { z } from 'zod';
import type { Stream } from '../core/position.ts';
import type { Versioned } from './json-object.ts';
import { getJson, putJson } from './json-object.ts';
import { keyPart } from './key-part.ts';
import type { ObjectStore } from './object-store.ts';

const StreamSchema: z.ZodType<Stream> = z
  .object({ namespace: z.string(), hub: z.string(), createdOn: z.string(), epoch: z.int().nonnegative() })
  .readonly();

/** Which life of a hub is the current one. */
export interface Streams {
  get(namespace: string, hub: string): Promise<Versioned<Stream> | undefined>;
  /** @throws StoreConflictError when another bridge has recorded one since */
  put(stream: Stream, ifVersion: string | undefined): Promise<string>;
}

export function createStreams(store: ObjectStore, deployment: string): Streams {
  const keyOf = (namespace: string, hub: string): string =>
    `${keyPart(deployment)}/streams/${keyPart(`${namespace}/${hub}`)}`;
  return {
    get: (namespace, hub) => getJson(store, keyOf(namespace, hub), StreamSchema),
    put: (stream, ifVersion) =>
      putJson(
        store,
        keyOf(stream.namespace, stream.hub),
        stream,
        ifVersion === undefined ? { ifAbsent: true } : { ifVersion },
      ),
  };
}

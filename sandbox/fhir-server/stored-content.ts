import { isDeepStrictEqual } from 'node:util';
import type { WithId } from '@medplum/core';
import type { Resource } from '@medplum/fhirtypes';
import type { FhirTraits } from './behaviours.ts';
import { cutToMilliseconds } from './resource-walk.ts';

/** What the server stores of what it is sent. */
export function storedContent<T extends Resource>(traits: FhirTraits, sent: WithId<T>): WithId<T> {
  const { meta: _, ...content } = sent;
  const kept = traits.meta === 'stripped' ? (content as WithId<T>) : sent;
  return traits.timePrecision === 'milliseconds' ? cutToMilliseconds(kept) : kept;
}

/** Whether two resources are the same but for what the server itself says of versions. */
export function isSameContent(a: Resource, b: Resource): boolean {
  return isDeepStrictEqual(withoutVersion(a), withoutVersion(b));
}

function withoutVersion({ meta, ...content }: Resource): object {
  const { versionId: _id, lastUpdated: _at, ...said } = meta ?? {};
  return { said, content };
}

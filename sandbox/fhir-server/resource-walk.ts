import { crawlTypedValue, toTypedValue } from '@medplum/core';
import type { TypedValueWithPath } from '@medplum/core';
import type { Reference, Resource } from '@medplum/fhirtypes';

const LITERAL_REFERENCE = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/.*)?$/;
const FINER_THAN_MS = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d+/;

/** References to resources of this server (`Type/id`), each with the path of its element. */
export function literalReferences(resource: Resource): { path: string; type: string; id: string }[] {
  const found: { path: string; type: string; id: string }[] = [];
  visit(resource, 'Reference', ({ value, path }) => {
    const [, type, id] = LITERAL_REFERENCE.exec((value as Reference).reference ?? '') ?? [];
    if (type !== undefined && id !== undefined) found.push({ path: path.replaceAll(/\[\d+\]/g, ''), type, id });
  });
  return found;
}

/** A copy whose dateTimes and instants, those of periods and extensions too, are cut off after their milliseconds. */
export function cutToMilliseconds<T extends Resource>(resource: T): T {
  const copy = structuredClone(resource);
  const cut = (_: TypedValueWithPath, parent: Record<string, unknown>, key: string): void => {
    const value = parent[key];
    if (typeof value === 'string') parent[key] = value.replace(FINER_THAN_MS, '$1');
    if (Array.isArray(value)) parent[key] = value.map((each) => String(each).replace(FINER_THAN_MS, '$1'));
  };
  visit(copy, 'dateTime', cut);
  visit(copy, 'instant', cut);
  return copy;
}

/** Walks over every value of one type that R4's structures know in a resource, however deep. */
function visit(
  resource: Resource,
  type: string,
  seen: (value: TypedValueWithPath, parent: Record<string, unknown>, key: string) => void,
): void {
  const visitProperty = (parent: TypedValueWithPath, key: string, _: string, found: unknown[]): void => {
    for (const value of found.flat() as TypedValueWithPath[]) {
      if (value.type === type) seen(value, parent.value as Record<string, unknown>, key);
    }
  };
  crawlTypedValue(toTypedValue(resource), { visitProperty }, { skipMissingProperties: true });
}

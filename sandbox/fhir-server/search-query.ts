import { badRequest, getSearchParameters, OperationOutcomeError } from '@medplum/core';

export type Query = Record<string, string | string[] | undefined>;

const MODIFIERS = new Set(['not', 'missing', 'contains', 'iterate']);

/**
 * Makes a query safe for Medplum's parser, which drops a modifier it does not know and so would search for something
 * else: `subject:Patient=1` becomes `subject=Patient/1`, any other unknown modifier is refused.
 *
 * @throws OperationOutcomeError 400
 */
export function checkedQuery(resourceType: string, query: Query): Query {
  return Object.fromEntries(Object.entries(query).map(([key, value]) => checkedParameter(resourceType, key, value)));
}

function checkedParameter(resourceType: string, key: string, value: Query[string]): [string, Query[string]] {
  const [code = '', modifier] = key.split(':', 2);
  if (modifier === undefined || MODIFIERS.has(modifier)) return [key, value];
  const parameter = getSearchParameters(resourceType)?.[code];
  if (!parameter?.target?.some((target) => target === modifier)) {
    throw new OperationOutcomeError(badRequest(`Search parameter ${key} is not supported for ${resourceType}`));
  }
  const withType = (choices: string): string =>
    choices.replaceAll(/[^,]+/g, (id) => (id.includes('/') ? id : `${modifier}/${id}`));
  return [code, Array.isArray(value) ? value.map(withType) : value && withType(value)];
}

/**
 * An `If-None-Exist` header as Medplum's parser needs it, which takes what follows a second `?` for nothing: without
 * the leading `?` or `Type?` that some clients send, and with any other `?` encoded.
 */
export function checkedCriteria(header: string, resourceType: string): string {
  const criteria = header.replace(new RegExp(`^(?:${resourceType})?\\?`), '');
  return criteria.replaceAll('?', '%3F');
}

import { expect, test } from '@jest/globals';
import { namesVersion, parseEntityTags, toEntityTag } from '../../../sandbox/fhir-server/entity-tag.ts';

test.each(['W/"3"', '"3"', 'W/3', '3', ' W/"3" ', toEntityTag('3')])('%s names version 3 and no other', (header) => {
  const condition = parseEntityTags(header)!;
  expect(namesVersion(condition, '3')).toBe(true);
  expect(namesVersion(condition, '33')).toBe(false);
  expect(namesVersion(condition, undefined)).toBe(false);
});

test('a list names each of its versions', () => {
  const condition = parseEntityTags('W/"3", W/"5"')!;
  expect(['3', '4', '5'].map((versionId) => namesVersion(condition, versionId))).toEqual([true, false, true]);
});

test('* names any version, but not that there is none', () => {
  expect(namesVersion('*', '7')).toBe(true);
  expect(namesVersion(parseEntityTags('*')!, undefined)).toBe(false);
});

test.each([undefined, '', ' '])('"%s" is no condition', (header) => {
  expect(parseEntityTags(header)).toBeUndefined();
});

/** The versions an `If-Match` or `If-None-Match` header names, or `*` for any version at all. */
export type VersionCondition = '*' | readonly string[];

/**
 * Reads entity tags leniently: `W/"3"`, `"3"`, `W/3` and `3` all name version 3, since clients write all four and a
 * condition that is silently ignored loses somebody's update.
 *
 * @returns undefined when there is no condition
 */
export function parseEntityTags(header: string | undefined): VersionCondition | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  if (header.trim() === '*') return '*';
  return header.split(',').map((tag) =>
    tag
      .trim()
      .replace(/^W\//i, '')
      .replace(/^"(.*)"$/, '$1'),
  );
}

/** Whether a resource at `versionId` (undefined: there is none) is one the condition names. */
export function namesVersion(condition: VersionCondition, versionId: string | undefined): boolean {
  if (versionId === undefined) return false;
  return condition === '*' || condition.includes(versionId);
}

export function toEntityTag(versionId: string): string {
  return `W/"${versionId}"`;
}

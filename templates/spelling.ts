/** Whether a name is another spelling of a wanted one: equal but for case, marks between words, or a letter in four. */
export function isMisspelt(wanted: string, name: string): boolean {
  const [a, b] = [lettersOf(wanted), lettersOf(name)];
  if (a === b) return a !== '';
  const shorter = Math.min(a.length, b.length);
  const allowed = Math.max(1, Math.floor(shorter / 4));
  return shorter >= 3 && Math.abs(a.length - b.length) <= allowed && distance(a, b) <= allowed;
}

export function lettersOf(name: string): string {
  // Names are short; one that is not would cost its length squared.
  return name
    .slice(0, 100)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** Letters to put in, leave out or replace, that one text becomes the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let index = 0; index < a.length; index += 1) {
    const next = [index + 1];
    for (let at = 0; at < b.length; at += 1) {
      const replaced = (row[at] ?? 0) + (a[index] === b[at] ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

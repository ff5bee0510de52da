/** Words that stand for what must not be seen, by what they stand for. */
export type Marks = Readonly<Record<string, string>>;

/**
 * The names of the marks that are in the bytes: as they are, in capitals or not, as base64 at any offset, or as hex.
 */
export function marksIn(bytes: Uint8Array, marks: Marks): string[] {
  const text = Buffer.from(bytes).toString('latin1');
  const folded = text.toLowerCase();
  return Object.entries(marks)
    .filter(([, mark]) => {
      const hex = Buffer.from(mark).toString('hex');
      return (
        folded.includes(mark.toLowerCase()) ||
        folded.includes(hex) ||
        base64Forms(mark).some((form) => text.includes(form))
      );
    })
    .map(([name]) => name);
}

/** What base64 of a longer text has in it, wherever in it the mark begins: what depends on its neighbours left out. */
function base64Forms(mark: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${'\0'.repeat(offset)}${mark}`)
      .toString('base64')
      .replaceAll('=', '');
    const wholeGroups = Math.floor((offset + mark.length) / 3) * 4;
    return encoded.slice(offset === 0 ? 0 : 4, wholeGroups);
  });
}

/** `[start:end:stride]`; negative bounds count from the end, and those left out mean all. */
export interface Slice {
  readonly start?: number;
  readonly end?: number;
  readonly stride: number;
}

/** The indexes a slice takes of an array, in its order. */
export function* sliceIndexes({ start, end, stride }: Slice, length: number): Generator<number> {
  const fromEnd = (bound: number) => (bound < 0 ? length + bound : bound);
  const first = start === undefined ? (stride > 0 ? 0 : length - 1) : fromEnd(start);
  const last = end === undefined ? (stride > 0 ? length : -1) : fromEnd(end);
  const from = stride > 0 ? Math.max(first, 0) : Math.min(first, length - 1);
  const to = Math.min(Math.max(last, -1), length);
  for (let index = from; stride > 0 ? index < to : index > to; index += stride) yield index;
}

import type { Evaluate } from './jmes-function.ts';
import type { JmesNode } from './jmes-path-parser.ts';
import { isArray } from './json-kind.ts';

/** Arrays only: the original has no slices of texts. @param slice its step is not 0: the parser refuses that */
export function compileSlice({ start, stop, step }: Extract<JmesNode, { type: 'Slice' }>): Evaluate {
  const stride = step ?? 1;
  return (value) => {
    if (!isArray(value)) return undefined;
    const count = value.length;
    const clamp = (bound: number) =>
      stride > 0
        ? Math.min(Math.max(bound < 0 ? bound + count : bound, 0), count)
        : Math.min(Math.max(bound < 0 ? bound + count : bound, -1), count - 1);
    const from = start === null ? (stride > 0 ? 0 : count - 1) : clamp(start);
    const to = stop === null ? (stride > 0 ? count : -1) : clamp(stop);
    const length = Math.max(0, Math.ceil((to - from) / stride));
    return Array.from({ length }, (_, index) => value[from + index * stride] ?? null);
  };
}

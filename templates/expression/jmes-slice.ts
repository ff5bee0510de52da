import { ExpressionSyntaxError } from './expression-syntax-error.ts';
import type { Evaluate } from './jmes-function.ts';
import type { JmesNode } from './jmes-path-parser.ts';
import { isArray } from './json-kind.ts';

/** Arrays only: the original has no slices of texts. @throws ExpressionSyntaxError for a step of 0 */
export function compileSlice({ start, stop, step }: Extract<JmesNode, { type: 'Slice' }>): Evaluate {
  const stride = step ?? 1;
  if (stride === 0) throw new ExpressionSyntaxError('Expected a slice step other than 0');
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

/** An expression that cannot be compiled: why, and where in its text if known (zero-based). */
export class ExpressionSyntaxError extends Error {
  override readonly name = 'ExpressionSyntaxError';
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/** Longest text of an expression, so that compiling one stays cheap and its nesting shallow. */
export const MAX_EXPRESSION_LENGTH = 10_000;
/** Deepest nesting of brackets and operators inside one expression. */
export const MAX_EXPRESSION_DEPTH = 100;

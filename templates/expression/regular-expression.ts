import { RE2JS } from 're2js';
import { ExpressionSyntaxError } from './expression-syntax-error.ts';

const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
};

export interface TextTest {
  /** What a character of the text costs; long expressions cost more. */
  readonly stepsPerCharacter: number;
  /** Says whether a text holds a match anywhere. */
  test(text: string): boolean;
}

const INSTRUCTIONS_PER_STEP = 50;

/**
 * Compiles a regular expression to run in time linear in the text, so that no message can stall a partition.
 *
 * @param flags `i`, `m`, `s` and `x`; others are ignored, as in the original
 * @throws ExpressionSyntaxError for what linear time cannot express: backreferences, lookaround
 */
export function compileRegularExpression(pattern: string, flags: string, offset: number): TextTest {
  const bits = Object.entries(FLAGS).reduce((sum, [flag, bit]) => (flags.includes(flag) ? sum | bit : sum), 0);
  try {
    const compiled = RE2JS.compile(flags.includes('x') ? withoutLayout(pattern) : pattern, bits);
    return {
      stepsPerCharacter: Math.ceil(compiled.programSize() / INSTRUCTIONS_PER_STEP),
      test: (text) => compiled.test(text),
    };
  } catch {
    throw new ExpressionSyntaxError(
      'Expected a regular expression of RE2 syntax (no backreferences, no lookaround)',
      offset,
    );
  }
}

/** What the flag `x` means: white space and `#` comments outside of character classes do not count. */
function withoutLayout(pattern: string): string {
  const parts = pattern.matchAll(/\\[^]|\[(?:\\[^]|[^\]\\])*\]|\s+|#[^\n]*|[^]/g);
  return [...parts].map(([part]) => (/^(?:\s|#)/.test(part) ? '' : part)).join('');
}

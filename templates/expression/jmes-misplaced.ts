import { compile } from '@jmespath-community/jmespath';
import { prepareJmesPath } from './jmes-path-tokens.ts';

/** How the library says that an expression stops too early. */
const AT_END = /(?:\(|got: |type: )EOF/;

/**
 * The offset of the first token that cannot stand where it does, of an expression that the library cannot parse; its
 * length when it only stops too early. The library itself does not say where: the shortest beginning that nothing could
 * complete ends with that token.
 */
export function firstMisplaced(text: string): number {
  const { tokens } = prepareJmesPath(text);
  const endOf = (index: number): number => tokens[index + 1]?.start ?? text.length;
  let [viable, misplaced] = [-1, tokens.length];
  while (misplaced - viable > 1) {
    const middle = Math.floor((viable + misplaced) / 2);
    if (canBeCompleted(text.slice(0, endOf(middle)))) viable = middle;
    else misplaced = middle;
  }
  return tokens[misplaced]?.start ?? text.length;
}

function canBeCompleted(beginning: string): boolean {
  try {
    compile(prepareJmesPath(beginning).text);
    return true;
  } catch (error) {
    return AT_END.test(String(error));
  }
}

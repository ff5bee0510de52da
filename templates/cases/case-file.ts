import { findNodeAtLocation, getNodeValue, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import { placeAt } from '../text-place.ts';
import type { TextPlace } from '../text-place.ts';
import { CaseMembers } from './case-members.ts';
import { readNormalizationCase, readTransformCase } from './case-reader.ts';
import type { MappingCase } from './mapping-case.ts';

/** Far more than any message or resource may have, and few enough to be read by recursion. */
const MAX_LEVELS = 1000;

/** The cases of a file, or where it stops being an array of cases. */
export type CaseFile =
  | { readonly ok: true; readonly cases: readonly MappingCase[] }
  | ({ readonly ok: false; readonly message: string } & TextPlace);

/**
 * Reads a case file: a JSON array of cases. One with a member `group` is a transform case, any other a normalization
 * case; one that is neither stays in its place as an invalid case.
 */
export function readCaseFile(text: string): CaseFile {
  const errors: ParseError[] = [];
  const json = text.replace(/^\uFEFF/, ' ');
  const tooDeep = offsetBeyondDepth(json, MAX_LEVELS);
  if (tooDeep !== undefined) return unreadable(json, tooDeep, `expected at most ${MAX_LEVELS} nested levels`);
  const root = parseTree(json, errors, { disallowComments: true });
  const [error] = errors;
  if (error !== undefined) return unreadable(json, error.offset, `no JSON: ${printParseErrorCode(error.error)}`);
  if (root?.type !== 'array') return unreadable(json, root?.offset ?? 0, 'expected an array of cases');
  return { ok: true, cases: (root.children ?? []).map((node, index) => readCase(json, node, index)) };
}

function readCase(text: string, node: Node, index: number): MappingCase {
  const number = `case ${index + 1}`;
  if (node.type !== 'object') return { kind: 'invalid', name: number, problems: ['expected an object'] };
  const name = nameOf(node) ?? number;
  const members = new CaseMembers(text, node);
  const read = members.has('group') ? readTransformCase(members, name) : readNormalizationCase(members, name);
  return read ?? { kind: 'invalid', name, problems: members.problems };
}

/** Where a JSON text is first nested deeper than that, if anywhere. */
function offsetBeyondDepth(text: string, levels: number): number | undefined {
  let depth = 0;
  let isInText = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (char === '"') isInText = !isInText;
    else if (isInText && char === '\\') index += 1;
    else if (!isInText && (char === '[' || char === '{')) depth += 1;
    else if (!isInText && (char === ']' || char === '}')) depth -= 1;
    if (depth > levels) return index;
  }
  return undefined;
}

function nameOf(node: Node): string | undefined {
  const member = findNodeAtLocation(node, ['name']);
  const name: unknown = member && getNodeValue(member);
  return typeof name === 'string' ? name : undefined;
}

function unreadable(text: string, offset: number, message: string): CaseFile {
  return { ok: false, message, ...placeAt(text, offset) };
}

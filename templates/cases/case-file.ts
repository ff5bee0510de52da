import { findNodeAtLocation, getNodeValue, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import { placeAt } from '../text-place.ts';
import type { TextPlace } from '../text-place.ts';
import { CaseReader } from './case-reader.ts';
import type { MappingCase } from './mapping-case.ts';

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
  const reader = new CaseReader(text, node, name);
  const read = reader.has('group') ? reader.transformCase() : reader.normalizationCase();
  return read ?? { kind: 'invalid', name, problems: reader.problems };
}

function nameOf(node: Node): string | undefined {
  const member = findNodeAtLocation(node, ['name']);
  const name: unknown = member && getNodeValue(member);
  return typeof name === 'string' ? name : undefined;
}

function unreadable(text: string, offset: number, message: string): CaseFile {
  return { ok: false, message, ...placeAt(text, offset) };
}

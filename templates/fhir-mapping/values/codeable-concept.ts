import { listOf, objectSchema, OPTIONAL_TEXT, orNull } from '../../template-schema.ts';
import { CODE_MEMBERS, conceptOf, readCode, saysSame } from '../code.ts';
import type { Code } from '../code.ts';
import type { ValueKind } from './value-kind.ts';

/** Written as `valueCodeableConcept`, always the same: that something was measured is what it says. */
export interface CodeableConceptTemplate {
  readonly valueType: 'CodeableConcept';
  readonly valueName: string;
  readonly text?: string;
  readonly codes: readonly Code[];
}

export const codeableConcept: ValueKind<CodeableConceptTemplate> = {
  description: 'always the same concept: that it was measured',
  members: {
    text: { description: 'The concept in words.', schema: OPTIONAL_TEXT },
    codes: { description: 'The concept in codes.', schema: orNull(listOf(objectSchema(CODE_MEMBERS, 'ignored'))) },
  },
  element: 'valueCodeableConcept',

  read(object, valueName) {
    const text = object.text('text');
    const codes = (object.objects('codes') ?? []).map((code) => readCode(code, 'any'));
    if (text === undefined && codes.every((code) => Object.keys(code).length === 0))
      object.error(object.node, 'TEMPLATE_MEMBER_MISSING', 'Expected a text or a code: the value would be empty');
    return { valueType: 'CodeableConcept', valueName, codes, ...(text !== undefined && { text }) };
  },

  /** What was measured does not matter. */
  judge() {
    return undefined;
  },

  create({ codes, text }) {
    return { valueCodeableConcept: conceptOf(codes, text) };
  },

  /** It does not depend on the reading, so it needs no source time: all readings write the same. */
  merge({ codes, text }, _values, { valueCodeableConcept: stored }) {
    const concept = conceptOf(codes, text);
    return { collidedCount: 0, ...(!saysSame(stored, concept) && { elements: { valueCodeableConcept: concept } }) };
  },

  readBack(_template, _stored, start) {
    return [{ value: '', index: 0, occurrence: start, ingestion: start }];
  },
};

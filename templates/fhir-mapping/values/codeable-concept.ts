import { conceptOf, readCode, saysSame } from '../code.ts';
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
};

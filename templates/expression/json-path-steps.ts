import type { TemplateIssueCode } from '../../core/template-issue.ts';
import type { Slice } from './json-path-slice.ts';
import type { TextTest } from './regular-expression.ts';

/** One step of a JSONPath, and how it is written. */
export type Step = Selector & { readonly text: string };

/** What a step selects; `recursive` after `..`. */
export type Selector =
  | { readonly kind: 'names'; readonly names: readonly string[]; readonly recursive: boolean }
  /** `.*`: the values of an object. */
  | { readonly kind: 'members' }
  /** `..*`: the value itself and all below it. */
  | { readonly kind: 'descendants' }
  /** `[*]`: the elements of an array. */
  | { readonly kind: 'elements' }
  /** Negative ones count from the end. */
  | { readonly kind: 'indexes'; readonly indexes: readonly number[] }
  | ({ readonly kind: 'slice' } & Slice)
  | { readonly kind: 'filter'; readonly filter: Filter; readonly recursive: boolean };

export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly filter: Filter }
  | FilterTest;

/** What a filter asks of a candidate, and how it is written. */
export type FilterTest = { readonly text: string } & (
  | { readonly kind: 'exists'; readonly operand: Operand }
  | { readonly kind: 'matches'; readonly operand: Operand; readonly test: TextTest }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Operand; readonly right: Operand }
);

export type Comparison = '==' | '!=' | '===' | '!==' | '<' | '<=' | '>' | '>=';

export type Literal = string | number | bigint | boolean | null;

export type Operand =
  | { readonly kind: 'path'; readonly from: '@' | '$'; readonly steps: readonly Step[] }
  | { readonly kind: 'literal'; readonly value: Literal };

export interface ParsedPath {
  readonly steps: readonly Step[];
  /** What is legal but probably not meant. */
  readonly warnings: readonly ExpressionWarning[];
}

export interface ExpressionWarning {
  readonly code: TemplateIssueCode;
  readonly message: string;
  /** Of the character it is about; absent where it is about the whole expression. */
  readonly offset?: number;
}

import { expressionKind } from './expression-kind.ts';

export const jsonPathContent = expressionKind({
  spellings: ['JsonPathContent', 'JsonPathContentTemplate'],
  description: 'JSONPath expressions that see the match alone',
  scope: 'match',
  hasLanguages: false,
});

import { expressionKind } from './expression-kind.ts';

export const calculatedContent = expressionKind({
  spellings: ['CalculatedContent', 'CalculatedContentTemplate'],
  description: 'JSONPath and JMESPath expressions that see the whole message, with the match as matchedToken',
  scope: 'message',
  hasLanguages: true,
});

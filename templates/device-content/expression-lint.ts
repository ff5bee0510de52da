import type { Expression } from '../expression/expression.ts';
import type { JmesFunctions } from '../expression/jmes-functions.ts';
import { jmesResultKind } from '../expression/jmes-result-kind.ts';
import { parseJmesPath } from '../expression/jmes-path-parser.ts';
import type { ExpressionWarning } from '../expression/json-path-steps.ts';
import type { ContentTemplate } from './content-template.ts';

/** What is legal and probably not meant in an expression that is to give one value. */
export function lintValueExpression(
  { language, text }: Expression,
  scope: ContentTemplate['scope'],
  functions: JmesFunctions,
): readonly ExpressionWarning[] {
  return language === 'JsonPath' ? lintJsonPath(text, scope) : lintJmesPath(text, functions);
}

function lintJsonPath(text: string, scope: ContentTemplate['scope']): ExpressionWarning[] {
  const [, before] = /^(\s*\$?)\.\./.exec(text) ?? [];
  if (scope !== 'message' || before === undefined) return [];
  const message = '".." from the root finds what is in the match twice, in the message and in matchedToken';
  return [{ code: 'JSONPATH_SEES_MATCH_TWICE', message, offset: before.length }];
}

function lintJmesPath(text: string, functions: JmesFunctions): ExpressionWarning[] {
  switch (jmesResultKind(parseJmesPath(text, functions))) {
    case 'list':
      return [
        { code: 'JMESPATH_NO_SINGLE_VALUE', message: 'This gives a list, which is no value; "| [0]" takes its first' },
      ];
    case 'object':
      return [
        { code: 'JMESPATH_NO_SINGLE_VALUE', message: 'This gives an object, which is no value; name its member' },
      ];
    case undefined:
      return [];
  }
}

import { IngestError } from '../../core/errors.ts';
import type { ContentTemplate, PlacedExpression } from './content-template.ts';

/** An evaluation's failure with its place in words and as details; anything else as it is. */
export function withPlace(error: unknown, template: ContentTemplate, placed: PlacedExpression): unknown {
  if (!(error instanceof IngestError)) return error;
  const { index, typeName } = template;
  const { text } = placed.expression;
  const message = `Template ${index} (${typeName}), ${placed.member}, ${text}: ${error.message}`;
  return new IngestError(error.code, message, {
    templateIndex: index,
    typeName,
    member: placed.member,
    expression: text,
  });
}

import type { TemplateNode } from '../template-file.ts';
import { objectsOf, placedText, templatesOf } from './placed.ts';
import type { PlacedText } from './placed.ts';

/** What a device content template makes. */
export interface MeasuredType {
  readonly typeName: PlacedText;
  readonly valueNames: readonly PlacedText[];
  readonly hasCorrelationId: boolean;
}

/** Templates without a type name are left out. */
export function outlineContent(root: TemplateNode): readonly MeasuredType[] {
  return templatesOf(root).flatMap(({ template }) => {
    const typeName = placedText(template, 'typeName');
    if (typeName === undefined) return [];
    const valueNames = objectsOf(template, 'values').flatMap((value) => placedText(value, 'valueName') ?? []);
    return [{ typeName, valueNames, hasCorrelationId: isExpression(template.member('correlationIdExpression')) }];
  });
}

/** A blank expression counts as absent. */
function isExpression(node: TemplateNode | undefined): boolean {
  if (node === undefined || node.kind === 'null') return false;
  return node.kind !== 'string' || String(node.value).trim() !== '';
}

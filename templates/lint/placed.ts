import type { TemplateIssueCode } from '../../core/template-issue.ts';
import type { TemplateNode } from '../template-file.ts';

/** Notes a finding at a node. */
export type Warn = (node: TemplateNode, code: TemplateIssueCode, message: string) => void;

/** A text of a file with its place. */
export interface PlacedText {
  readonly node: TemplateNode;
  readonly text: string;
}

/** Undefined where the member is absent, empty, or no scalar: that is for the loader to say. */
export function placedText(object: TemplateNode, name: string): PlacedText | undefined {
  const node = object.member(name);
  if (node === undefined || (node.kind !== 'string' && node.kind !== 'number')) return undefined;
  const text = String(node.value);
  return text === '' ? undefined : { node, text };
}

/** The objects of a list; none where there is no list. */
export function objectsOf(object: TemplateNode, name: string): readonly TemplateNode[] {
  return (object.member(name)?.items ?? []).filter(({ kind }) => kind === 'object');
}

/** The elements of a collection that have an object as their template. */
export function templatesOf(root: TemplateNode): { readonly type: string; readonly template: TemplateNode }[] {
  return objectsOf(root, 'template').flatMap((element) => {
    const template = element.member('template');
    const type = placedText(element, 'templateType')?.text ?? '';
    return template?.kind === 'object' ? [{ type, template }] : [];
  });
}

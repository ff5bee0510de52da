import type { TemplateNode } from '../template-file.ts';
import type { ContentLanguage } from './content-language.ts';
import type { ContentTemplate } from './content-template.ts';
import type { TemplateKind } from './template-kind.ts';
import type { Report } from './template-members.ts';

/** Reads one element of a collection; undefined after reporting what is wrong with it. */
export function readContentTemplate(
  item: TemplateNode,
  index: number,
  report: Report,
  { kinds, functions }: ContentLanguage,
): ContentTemplate | undefined {
  if (item.kind !== 'object') {
    report(item, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected an object with "templateType" and "template"');
    return undefined;
  }
  const kind = readKind(item, report, kinds);
  const template = item.member('template');
  if (template?.kind !== 'object') {
    report(template ?? item, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected "template" to be an object');
    return undefined;
  }
  return kind?.read(template, { index, report, functions });
}

function readKind(item: TemplateNode, report: Report, kinds: readonly TemplateKind[]): TemplateKind | undefined {
  const type = item.member('templateType');
  const spelling = typeof type?.value === 'string' ? type.value.toLowerCase() : '';
  const kind = kinds.find(({ spellings }) => spellings.some((one) => one.toLowerCase() === spelling));
  if (!kind) {
    const names = kinds.map(({ spellings: [name] }) => `"${name}"`).join(', ');
    report(type ?? item, 'error', 'TEMPLATE_TYPE_UNKNOWN', `Expected "templateType" to be one of ${names}`);
  }
  return kind;
}

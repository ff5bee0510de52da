import type { Loaded, TemplateIssue } from '../../core/template-issue.ts';
import { readTemplateFile } from '../template-file.ts';
import type { TemplateNode } from '../template-file.ts';
import type { ContentTemplate } from './content-template.ts';
import { readContentTemplate } from './content-template-reader.ts';
import type { DeviceContent } from './device-content.ts';
import { normalizeMessage } from './normalize.ts';
import type { Report } from './template-members.ts';

export type { DeviceContent } from './device-content.ts';

const ROOT_TYPES = ['collectioncontent', 'collectioncontenttemplate'];

/**
 * Loads a device content file: `{ "templateType": "CollectionContent", "template": [...] }`. Reports every issue at
 * once; one error rejects the whole file.
 */
export function loadDeviceContent(text: string): Loaded<DeviceContent> {
  const { root, issues, issueAt } = readTemplateFile(text);
  const report: Report = (node, severity, code, message) => issues.push(issueAt(node, severity, code, message));
  const templates = root ? readCollection(root, report) : [];
  issues.sort(byPlace);
  if (issues.some(({ severity }) => severity === 'error')) return { ok: false, issues };
  return { ok: true, template: deviceContent(templates), issues };
}

function readCollection(root: TemplateNode, report: Report): ContentTemplate[] {
  if (root.kind !== 'object') {
    report(root, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected an object with "templateType" and "template"');
    return [];
  }
  const type = root.member('templateType');
  if (typeof type?.value !== 'string' || !ROOT_TYPES.includes(type.value.toLowerCase())) {
    report(type ?? root, 'error', 'TEMPLATE_TYPE_UNKNOWN', 'Expected "templateType": "CollectionContent"');
  }
  const list = root.member('template');
  if (list?.kind !== 'array') {
    report(list ?? root, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected "template" to be an array of templates');
    return [];
  }
  return list.items.flatMap((item, index) => readContentTemplate(item, index, report) ?? []);
}

function deviceContent(templates: readonly ContentTemplate[]): DeviceContent {
  return {
    typeNames: [...new Set(templates.map(({ typeName }) => typeName))],
    normalize: (message, context) => normalizeMessage(templates, { ...message }, context),
  };
}

function byPlace(a: TemplateIssue, b: TemplateIssue): number {
  return a.line - b.line || a.column - b.column;
}

import type { JsonObject } from '../../core/device-message.ts';
import type { Loaded, TemplateIssue } from '../../core/template-issue.ts';
import { readTemplateFile } from '../template-file.ts';
import type { TemplateNode } from '../template-file.ts';
import { COLLECTION_TYPES, BODY_READERS } from './collection-members.ts';
import { CONTENT_LANGUAGE } from './content-language.ts';
import type { ContentLanguage } from './content-language.ts';
import { withSharedTypeMatches } from './content-template.ts';
import type { ContentTemplate } from './content-template.ts';
import { readContentTemplate } from './content-template-reader.ts';
import type { DeviceContent } from './device-content.ts';
import { explainMessage } from './explain.ts';
import type { BodyReader } from './message-body.ts';
import { normalizeMessage } from './normalize.ts';
import type { Report } from './template-members.ts';

export type { DeviceContent } from './device-content.ts';

/**
 * Loads a device content file: `{ "templateType": "CollectionContent", "template": [...] }`. Reports every issue at
 * once; one error rejects the whole file.
 */
export function loadDeviceContent(text: string, language: ContentLanguage = CONTENT_LANGUAGE): Loaded<DeviceContent> {
  const { root, issues, issueAt } = readTemplateFile(text);
  const report: Report = (...issue) => issues.push(issueAt(...issue));
  const collection = root && readCollection(root, report, language);
  issues.sort(byPlace);
  if (!collection || issues.some(({ severity }) => severity === 'error')) return { ok: false, issues };
  return { ok: true, template: deviceContent(collection), issues };
}

interface Collection {
  readonly bodyReader: BodyReader;
  readonly templates: readonly ContentTemplate[];
}

function readCollection(root: TemplateNode, report: Report, language: ContentLanguage): Collection | undefined {
  if (root.kind !== 'object') {
    report(root, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected an object with "templateType" and "template"');
    return undefined;
  }
  const type = root.member('templateType');
  if (!isOneOf(COLLECTION_TYPES, type)) {
    report(type ?? root, 'error', 'TEMPLATE_TYPE_UNKNOWN', `Expected "templateType": "${COLLECTION_TYPES[0]}"`);
  }
  return { bodyReader: readBodyReader(root, report), templates: readTemplates(root, report, language) };
}

function readBodyReader(root: TemplateNode, report: Report): BodyReader {
  const node = root.member('body');
  if (node === undefined) return 'strict';
  const reader = BODY_READERS.find((name) => isOneOf([name], node));
  if (!reader) report(node, 'error', 'TEMPLATE_MEMBER_INVALID', 'Expected "body" to be "strict" or "lenient"');
  return reader ?? 'strict';
}

function isOneOf(names: readonly string[], node: TemplateNode | undefined): boolean {
  const { value } = node ?? {};
  return typeof value === 'string' && names.some((name) => name.toLowerCase() === value.toLowerCase());
}

function readTemplates(root: TemplateNode, report: Report, language: ContentLanguage): ContentTemplate[] {
  const list = root.member('template');
  if (list?.kind !== 'array') {
    report(list ?? root, 'error', 'TEMPLATE_MEMBER_KIND', 'Expected "template" to be an array of templates');
    return [];
  }
  return list.items.flatMap((item, index) => readContentTemplate(item, index, report, language) ?? []);
}

function deviceContent({ bodyReader, templates: read }: Collection): DeviceContent {
  const templates = withSharedTypeMatches(read);
  return {
    bodyReader,
    typeNames: [...new Set(templates.map(({ typeName }) => typeName))],
    normalize: (message, context) => normalizeMessage(templates, message as JsonObject, context),
    explain: (message, context) => explainMessage(templates, message as JsonObject, context),
  };
}

function byPlace(a: TemplateIssue, b: TemplateIssue): number {
  return a.line - b.line || a.column - b.column;
}

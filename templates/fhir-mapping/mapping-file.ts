import type { TemplateFile, TemplateNode } from '../template-file.ts';
import { readCodeValueFhirTemplate } from './code-value-fhir-template.ts';
import type { CodeValueFhirTemplate } from './code-value-fhir-template.ts';
import { TemplateObject } from './template-object.ts';

const COLLECTION = 'CollectionFhir';

/** The template types a collection may hold, in lower case, and how each is read. */
const TEMPLATE_READERS: ReadonlyMap<string, (object: TemplateObject) => CodeValueFhirTemplate | undefined> = new Map([
  ['codevaluefhir', readCodeValueFhirTemplate],
]);

/** The templates of a mapping file; its problems are noted in the file. */
export function readMappingFile(file: TemplateFile): CodeValueFhirTemplate[] {
  if (file.root === undefined) return [];
  const root = new TemplateObject(file.root, file).inside(file.root);
  if (root === undefined) return [];
  if (templateType(root) !== COLLECTION.toLowerCase()) reportType(root, COLLECTION);
  const list = root.node.member('template');
  if (list === undefined) root.missing('template');
  else if (list.kind !== 'array') root.wrongKind(list, 'a list of templates');
  return readTemplates(root, list?.items ?? []);
}

function readTemplates(root: TemplateObject, items: readonly TemplateNode[]): CodeValueFhirTemplate[] {
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const entry = root.inside(item);
    const template = entry && readTemplate(entry);
    if (entry === undefined || template === undefined) return [];
    const key = template.typeName.toLowerCase();
    const node = entry.node.member('template')?.member('typeName') ?? entry.node;
    if (seen.has(key))
      entry.error(node, 'TEMPLATE_TYPE_NAME_REPEATED', 'Expected one template for a typeName, ignoring case');
    seen.add(key);
    return [template];
  });
}

function readTemplate(entry: TemplateObject): CodeValueFhirTemplate | undefined {
  const read = TEMPLATE_READERS.get(templateType(entry) ?? '');
  if (read === undefined) {
    reportType(entry, 'CodeValueFhir');
    return undefined;
  }
  const node = entry.node.member('template');
  if (node === undefined) entry.missing('template');
  const object = node && entry.inside(node);
  return object && read(object);
}

/** In lower case, without the suffix that the original lets one add. */
function templateType({ node }: TemplateObject): string | undefined {
  const type = node.member('templateType')?.value;
  return typeof type === 'string' ? type.toLowerCase().replace(/template$/, '') : undefined;
}

function reportType(object: TemplateObject, expected: string): void {
  const node = object.node.member('templateType') ?? object.node;
  object.error(node, 'TEMPLATE_TYPE_UNKNOWN', `Expected the templateType ${expected}`);
}

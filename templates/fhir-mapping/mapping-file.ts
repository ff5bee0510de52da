import type { TemplateFile, TemplateNode } from '../template-file.ts';
import type { ResourceTemplate } from './fhir-mapping.ts';
import type { FhirMappingOptions, MappingKind } from './mapping-kind.ts';
import { TemplateObject } from './template-object.ts';

const COLLECTION = 'CollectionFhir';

export interface MappingLanguage extends Required<FhirMappingOptions> {
  readonly kinds: readonly MappingKind[];
}

/** The templates of a mapping file; its problems are noted in the file. */
export function readMappingFile(file: TemplateFile, language: MappingLanguage): ResourceTemplate[] {
  if (file.root === undefined) return [];
  const root = new TemplateObject(file.root, file).inside(file.root);
  if (root === undefined) return [];
  if (templateType(root) !== templateTypeOf(COLLECTION)) reportType(root, COLLECTION);
  const list = root.node.member('template');
  if (list === undefined) root.missing('template');
  else if (list.kind !== 'array') root.wrongKind(list, 'a list of templates');
  return readTemplates(root, list?.items ?? [], language);
}

function readTemplates(
  root: TemplateObject,
  items: readonly TemplateNode[],
  language: MappingLanguage,
): ResourceTemplate[] {
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const entry = root.inside(item);
    const template = entry && readTemplate(entry, language);
    if (entry === undefined || template === undefined) return [];
    const key = template.typeName.toLowerCase();
    const node = entry.node.member('template')?.member('typeName') ?? entry.node;
    if (seen.has(key))
      entry.error(node, 'TEMPLATE_TYPE_NAME_REPEATED', 'Expected one template for a typeName, ignoring case');
    seen.add(key);
    return [template];
  });
}

function readTemplate(entry: TemplateObject, { kinds, ...options }: MappingLanguage): ResourceTemplate | undefined {
  const type = templateType(entry);
  const kind = kinds.find(({ spellings }) => spellings.some((spelling) => templateTypeOf(spelling) === type));
  if (kind === undefined) {
    reportType(entry, kinds.map(({ spellings: [name] }) => name).join(' or '));
    return undefined;
  }
  const node = entry.node.member('template');
  if (node === undefined) entry.missing('template');
  const object = node && entry.inside(node);
  return object && kind.read(object, options);
}

function templateType({ node }: TemplateObject): string | undefined {
  const type = node.member('templateType')?.value;
  return typeof type === 'string' ? templateTypeOf(type) : undefined;
}

/** In lower case, without the suffix that the original lets one add. */
function templateTypeOf(spelling: string): string {
  return spelling.toLowerCase().replace(/template$/, '');
}

function reportType(object: TemplateObject, expected: string): void {
  const node = object.node.member('templateType') ?? object.node;
  object.error(node, 'TEMPLATE_TYPE_UNKNOWN', `Expected the templateType ${expected}`);
}

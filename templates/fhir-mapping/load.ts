import type { Loaded } from '../../core/template-issue.ts';
import { readTemplateFile } from '../template-file.ts';
import type { FhirMapping } from './fhir-mapping.ts';
import { readMappingFile } from './mapping-file.ts';
import type { FhirMappingOptions, MappingKind } from './mapping-kind.ts';
import { MAPPING_KINDS } from './mapping-kinds.ts';

export type * from './fhir-mapping.ts';
export type { ObservationTemplate } from './kinds/code-value-fhir.ts';
export type { FhirMappingOptions } from './mapping-kind.ts';

/**
 * Reads a FHIR mapping; every issue is reported at once. Numbers in resources are `LosslessNumber`.
 *
 * @param kinds the template types it may hold
 */
export function loadFhirMapping(
  text: string,
  { singleId = 'fraction', timePrecision = '100ns' }: FhirMappingOptions = {},
  kinds: readonly MappingKind[] = MAPPING_KINDS,
): Loaded<FhirMapping> {
  const file = readTemplateFile(text);
  const templates = readMappingFile(file, { kinds, singleId, timePrecision });
  const { issues } = file;
  if (issues.some(({ severity }) => severity === 'error')) return { ok: false, issues };
  const byType = new Map(templates.map((template) => [template.typeName.toLowerCase(), template]));
  const mapping: FhirMapping = {
    typeNames: templates.map(({ typeName }) => typeName),
    forType: (type) => byType.get(type.toLowerCase()),
  };
  return { ok: true, template: mapping, issues };
}

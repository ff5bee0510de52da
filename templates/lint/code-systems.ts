export const LOINC = 'http://loinc.org';
export const UCUM = 'http://unitsofmeasure.org';
const SNOMED_CT = 'http://snomed.info/sct';
export const OBSERVATION_CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';

/** Other names of a system, as they are met: without scheme, `www.` and slashes at the end, in lower case. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...named(LOINC, 'loinc.org', 'loinc', 'urn:oid:2.16.840.1.113883.6.1', 'loinc.org/loinc'),
  ...named(
    UCUM,
    'unitsofmeasure.org',
    'ucum.org',
    'ucum',
    'urn:oid:2.16.840.1.113883.6.8',
    'unitsofmeasure.org/ucum.html',
    'unitsofmeasure.com',
    'unitofmeasure.org',
  ),
  ...named(SNOMED_CT, 'snomed.info/sct', 'snomed.info', 'snomed', 'snomedct', 'urn:oid:2.16.840.1.113883.6.96'),
  ...named(
    OBSERVATION_CATEGORY,
    'terminology.hl7.org/codesystem/observation-category',
    'terminology.hl7.org/valueset/observation-category',
    'terminology.hl7.org/observation-category',
    'hl7.org/fhir/observation-category',
    'hl7.org/fhir/codesystem/observation-category',
    'hl7.org/fhir/valueset/observation-category',
    'observation-category',
  ),
]);

/** The code system that is meant, whether or not it is spelled as FHIR does. What is not known is taken as it stands. */
export function systemMeant(written: string): string {
  const name = written
    .trim()
    .toLowerCase()
    .replace(/^(?:https?:)?(?:\/\/)?(?:www\.)?/, '')
    .replace(/[/#]+$/, '');
  return NAMES.get(name) ?? written;
}

function named(system: string, ...names: readonly string[]): (readonly [string, string])[] {
  return names.map((name) => [name, system] as const);
}

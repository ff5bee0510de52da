import assert from 'node:assert/strict';
import { stringify } from 'lossless-json';
import { parseResource } from '../activities/fhir-answers.ts';
import type { Measurement } from '../core/measurement.ts';
import { loadFhirMapping } from '../templates/fhir-mapping/load.ts';
import { naiveTransform } from './naive-transform.ts';
import { compare } from './rounds.ts';
import type { Comparison } from './rounds.ts';
import { runSideBySide } from './side-by-side.ts';
import { deliveries } from './transform-workloads.ts';
import type { Delivery } from './transform-workloads.ts';

const IDS = { device: 'device-1', patient: 'patient-1' };
const ISSUED_AT = '2024-03-01T12:00:00.000Z';

runSideBySide(import.meta.filename, {
  header: `\
| delivery | measurements | Observations/s | naive | times as fast |
| --- | ---: | ---: | ---: | ---: |`,
  workloads: deliveries(),
  measure,
  describe: ({ name, measurements }) => [name, measurements.length],
});

function measure({ template, measurements, earlier }: Delivery): Comparison {
  const deliver = transformer(template);
  const stored = earlier.length === 0 ? undefined : deliver(earlier, undefined);
  const ours = () => deliver(measurements, stored);
  const naive = () => naiveTransform(template, IDS, measurements, stored, ISSUED_AT);
  assert.deepEqual(read(ours()), read(naive()), 'Expected both to give the same Observation');
  return compare(ours, naive);
}

/** What the delivering activity does between the answer of the FHIR server and the next request. */
function transformer(members: Delivery['template']) {
  const loaded = loadFhirMapping(mappingText(members));
  const template = loaded.ok ? loaded.template.forType(members.typeName) : undefined;
  if (template === undefined) throw new TypeError(JSON.stringify(loaded.issues));
  return (measurements: readonly Measurement[], storedText: string | undefined): string | undefined => {
    const judged = measurements.filter((measurement) => template.judge(measurement) === undefined);
    const [group, ...others] = template.group(judged);
    assert.ok(group !== undefined && others.length === 0, 'Expected one Observation');
    template.identifier(group, IDS);
    if (storedText === undefined) return stringify(template.create(group, IDS, ISSUED_AT));
    const stored = parseResource(storedText, template.resourceType);
    const merged = template.merge(group, IDS, stored);
    return merged.outcome === 'unchanged' ? undefined : stringify(merged.resource);
  };
}

function mappingText(template: Delivery['template']): string {
  return JSON.stringify({ templateType: 'CollectionFhir', template: [{ templateType: 'CodeValueFhir', template }] });
}

function read(text: string | undefined): unknown {
  return text === undefined ? 'unchanged' : JSON.parse(text);
}

import type { MappedObservation } from './mapping-outline.ts';
import type { Warn } from './placed.ts';

/** What loads and yet writes nothing, or nothing that is found. */
export function lintCompleteness(observation: MappedObservation, warn: Warn): void {
  const { node, typeName, codes, value, components } = observation;
  const place = typeName?.node ?? node;
  if (value === undefined && components.length === 0)
    warn(place, 'MAPPING_WITHOUT_VALUE', 'Without "value" and "components" nothing is written');
  if (!codes.some(({ code }) => code))
    warn(
      node.member('codes') ?? place,
      'MAPPING_WITHOUT_CODE',
      'Without a code the Observation says what it is by its type name alone',
    );
  const seen = new Set<string>();
  for (const { value: part } of components) {
    const name = part?.valueName;
    if (name && seen.has(name.text))
      warn(name.node, 'COMPONENT_NAME_REPEATED', `"${name.text}" is the value of another component too: likely copied`);
    if (name) seen.add(name.text);
  }
}

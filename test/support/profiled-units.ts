import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import type { Observation, ObservationComponent } from 'fhir/r4.js';

const QUANTITY_PART = /^Observation(\.component:\w+)?\.value\[x\](?::valueQuantity)?\.(\w+)$/;

/** The units that a profile fixes, which the library does not look at. */
export function unitIssues(observation: Observation, { snapshot }: StructureDefinition): string[] {
  const elements = snapshot?.element ?? [];
  return elements.flatMap((element) => {
    const [, slice, part] = QUANTITY_PART.exec(element.id ?? '') ?? [];
    if (part === undefined || element.min === 0) return [];
    const holders =
      slice === undefined ? [observation] : slicedComponents(observation, `Observation${slice}`, elements);
    const found = holders.map(({ valueQuantity }) => (valueQuantity as Record<string, unknown> | undefined)?.[part]);
    const expected = fixedValue(element);
    const isFine = found.length > 0 && found.every((value) => value === (expected ?? value) && value !== undefined);
    return isFine ? [] : [`${element.id ?? ''} is not ${expected ?? 'there'}`];
  });
}

/** The components that have the code of a slice. */
function slicedComponents(
  { component = [] }: Observation,
  slice: string,
  elements: readonly ElementDefinition[],
): ObservationComponent[] {
  const fixed = elements.find(
    ({ id = '', fixedCode }) => id.startsWith(`${slice}.code.coding`) && fixedCode !== undefined,
  );
  return component.filter(({ code }) => code.coding?.some((coding) => coding.code === fixed?.fixedCode));
}

function fixedValue({ fixedCode, fixedUri }: ElementDefinition): string | undefined {
  return fixedCode ?? fixedUri;
}

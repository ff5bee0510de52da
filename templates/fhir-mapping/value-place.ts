import type { Observation, ObservationComponent } from 'fhir/r4.js';
import { IngestError } from '../../core/errors.ts';
import { componentsNamed, valueElementOf } from '../../core/stored-observation.ts';
import type { ValueHolder } from '../../core/stored-observation.ts';
import { codeOfName } from './code.ts';
import type { CodeValueFhirTemplate, ComponentTemplate } from './code-value-fhir-template.ts';
import { createComponent, createValue } from './create-observation.ts';
import type { ObservationGroup } from './observation-group.ts';
import type { MergePeriod, ObservedValues } from './values/value-kind.ts';
import { kindOf } from './values/value-template.ts';
import type { ValueTemplate } from './values/value-template.ts';

/** New values, and where in a stored Observation they go. */
export interface ValuePlace {
  readonly value: ValueTemplate;
  readonly values: ObservedValues;
  /** Absent for the Observation's own value. */
  readonly component?: ComponentTemplate;
  /** Absent when the component is yet to be made. */
  readonly holder?: ValueHolder;
}

export interface FilledPlace {
  readonly isChanged: boolean;
  readonly collidedCount: number;
}

/** The places for a group's values, in the template's order. */
export function placesIn(draft: Observation, template: CodeValueFhirTemplate, group: ObservationGroup): ValuePlace[] {
  const { value, components } = template;
  const own = value && group.values.get(value.valueName);
  return [
    ...(value === undefined || own === undefined ? [] : [{ value, values: own, holder: draft }]),
    ...components.flatMap((component) => {
      const values = group.values.get(component.value.valueName);
      if (values === undefined) return [];
      const holder = storedComponent(draft, template, component);
      return [{ value: component.value, values, component, ...(holder !== undefined && { holder }) }];
    }),
  ];
}

/**
 * Merges values into what is stored at their place, or makes what is not there yet.
 *
 * @throws IngestError MAPPING_CONFLICT, OBSERVATION_UNMERGEABLE, DATA_TOO_LONG
 */
export function fillPlace(
  draft: Observation,
  template: CodeValueFhirTemplate,
  { value, values, component, holder }: ValuePlace,
  period: MergePeriod,
): FilledPlace {
  if (holder === undefined) {
    if (component !== undefined)
      insertComponent(draft, template, component, createComponent(component, values, period));
    return { isChanged: true, collidedCount: 0 };
  }
  const found = valueElementOf(holder);
  if (found === undefined) {
    Object.assign(holder, createValue(value, values, period));
    // A value and a reason for its absence exclude each other (obs-6).
    delete holder.dataAbsentReason;
    return { isChanged: true, collidedCount: 0 };
  }
  checkElement(value, found);
  const kind = kindOf(value);
  const { elements, collidedCount } = kind.merge(value, values, holder, period);
  Object.assign(holder, elements);
  return { isChanged: elements !== undefined, collidedCount };
}

/** The places of a template at which a stored Observation holds a value. */
export function placesHeld(
  stored: Observation,
  template: CodeValueFhirTemplate,
): { readonly value: ValueTemplate; readonly holder: ValueHolder }[] {
  const components = template.components.map((component) => ({
    value: component.value,
    holder: storedComponent(stored, template, component),
  }));
  const own = template.value === undefined ? [] : [{ value: template.value, holder: stored }];
  return [...own, ...components].flatMap(({ value, holder }) => {
    const found = holder && valueElementOf(holder);
    if (holder === undefined || found === undefined) return [];
    checkElement(value, found);
    return [{ value, holder }];
  });
}

/** Of components that share a value name, the n-th of the template is the n-th of the Observation. */
export function storedComponent(
  draft: Observation,
  { components }: Pick<CodeValueFhirTemplate, 'components'>,
  component: ComponentTemplate,
): ObservationComponent | undefined {
  const { valueName } = component.value;
  const namesakes = components.filter(({ value }) => value.valueName === valueName);
  return componentsNamed(draft, codeOfName(valueName))[namesakes.indexOf(component)];
}

/** Before the first that follows it in the template, so that the order of delivery does not show. */
function insertComponent(
  draft: Observation,
  template: CodeValueFhirTemplate,
  component: ComponentTemplate,
  made: ObservationComponent,
): void {
  const following = template.components
    .slice(template.components.indexOf(component) + 1)
    .map((later) => storedComponent(draft, template, later))
    .find((later) => later !== undefined);
  const components = draft.component ?? [];
  const at = following === undefined ? components.length : components.indexOf(following);
  draft.component = components.toSpliced(at, 0, made);
}

/** @throws IngestError MAPPING_CONFLICT */
function checkElement(value: ValueTemplate, found: string): void {
  if (found === kindOf(value).element) return;
  const { valueName } = value;
  const message = `The stored value ${valueName} is a ${found}, which is not what its mapping writes`;
  throw new IngestError('MAPPING_CONFLICT', message, { valueName });
}

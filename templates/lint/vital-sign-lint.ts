import type { TemplateNode } from '../template-file.ts';
import { LOINC, OBSERVATION_CATEGORY, systemMeant, UCUM } from './code-systems.ts';
import { isOfType } from './mapping-outline.ts';
import type { MappedCode, MappedObservation, MappedValue } from './mapping-outline.ts';
import type { Warn } from './placed.ts';
import { isUcumCode } from './ucum.ts';
import { meantByOtherUnit } from './unit-mistakes.ts';
import { VITAL_SIGNS } from './vital-signs.ts';
import type { UnitCodes, VitalSign, VitalSignComponent } from './vital-signs.ts';

/**
 * Vital signs that are not written as their profile in R4 asks.
 *
 * @returns the values of vital signs: what is to be said of their units has been said
 */
export function lintVitalSigns(observation: MappedObservation, warn: Warn): ReadonlySet<MappedValue> {
  const values = new Set<MappedValue>();
  for (const sign of VITAL_SIGNS) {
    const claim = codeOf(observation.codes, sign.loinc);
    if (claim === undefined) lintMissingCode(sign, observation, warn);
    else for (const value of lintSign(sign, claim, observation, warn)) values.add(value);
  }
  return values;
}

/** @returns its values */
function lintSign(
  sign: VitalSign,
  claim: TemplateNode,
  { categories, value, components }: MappedObservation,
  warn: Warn,
): readonly MappedValue[] {
  if (!categories.some((category) => isCode(category, OBSERVATION_CATEGORY, 'vital-signs'))) {
    const expected = `Expected the category "vital-signs" of ${OBSERVATION_CATEGORY}`;
    warn(claim, 'VITAL_SIGN_CATEGORY', `${expected}, as R4 asks for ${sign.name}`);
  }
  if (value && sign.units) lintValue(sign.name, sign.units, value, warn);
  else if (value) warn(value.node, 'VITAL_SIGN_VALUE', `R4 gives ${sign.name} no value of its own`);
  const parts = (sign.components ?? []).map((expected) => {
    const component = components.find(({ codes }) => codeOf(codes, expected.loinc));
    if (component === undefined) warn(claim, 'VITAL_SIGN_COMPONENT', missingComponent(sign, expected));
    else if (component.value) lintValue(expected.name, expected.units, component.value, warn);
    return component?.value;
  });
  return [value, ...parts].filter((each) => each !== undefined);
}

function missingComponent(sign: VitalSign, { name, loinc }: VitalSignComponent): string {
  return `Expected a component with the LOINC code ${loinc}, ${name}, as R4 asks for ${sign.name}`;
}

function lintValue(name: string, units: UnitCodes, value: MappedValue, warn: Warn): void {
  const { node, valueType, unit, system, code } = value;
  const expected = units.map((unit) => `"${unit}"`).join(' or ');
  if (valueType && !isOfType(value, 'Quantity')) {
    const what = `${valueType.text} does not conform to the R4 profile of ${name}, which asks for a Quantity in ${expected}`;
    warn(valueType.node, 'VITAL_SIGN_VALUE', `${what}: map it so, or give it another code`);
    return;
  }
  if (code && units.includes(code.text) && isUcum(value)) return;
  // What is no unit, or not the unit it looks like, is said of the code itself.
  if (code && isUcum(value) && (!isUcumCode(code.text) || meantByOtherUnit(code.text))) return;
  const place = (system && isUcum(value) ? code : system)?.node ?? code?.node ?? unit?.node ?? node;
  warn(place, 'VITAL_SIGN_UNIT', `Expected the unit ${expected} of ${UCUM}, as R4 asks for ${name}`);
}

/** A more exact code alone, or the parts without what they are part of. */
function lintMissingCode(sign: VitalSign, { codes, components }: MappedObservation, warn: Warn): void {
  const more = (sign.besides ?? []).map((loinc) => codeOf(codes, loinc)).find((node) => node !== undefined);
  if (more) {
    warn(more, 'VITAL_SIGN_CODE', `Expected the LOINC code ${sign.loinc} too, as R4 asks for ${sign.name}`);
    return;
  }
  const listed = [codes, ...components.map((component) => component.codes)].flat();
  const part = (sign.components ?? []).find(({ loinc }) => codeOf(listed, loinc));
  const node = part && codeOf(listed, part.loinc);
  if (part === undefined || node === undefined) return;
  const message = `R4 has ${part.name} as a component of ${sign.name}: expected ${sign.loinc} as the code above it`;
  warn(node, 'VITAL_SIGN_CODE', message);
}

function isUcum({ system }: MappedValue): boolean {
  return system !== undefined && systemMeant(system.text) === UCUM;
}

function codeOf(codes: readonly MappedCode[], loinc: string): TemplateNode | undefined {
  return codes.find((each) => isCode(each, LOINC, loinc))?.code?.node;
}

function isCode({ code, system }: MappedCode, expectedSystem: string, expectedCode: string): boolean {
  return code?.text === expectedCode && system !== undefined && systemMeant(system.text) === expectedSystem;
}

import { LOINC, systemMeant } from './code-systems.ts';
import type { MappedCode, MappedObservation } from './mapping-outline.ts';
import type { PlacedText, Warn } from './placed.ts';
import { namingOf } from './vital-sign-names.ts';

/** Codes that were copied from elsewhere: another vital sign's, and those that stand twice. */
export function lintMistakenCodes({ typeName, codes, value, components }: MappedObservation, warn: Warn): void {
  lintNames(codes, value?.valueName, typeName, warn);
  const seen = new Map(codes.map((code) => [keyOf(code), 'of the Observation itself']));
  for (const component of components) {
    lintNames(component.codes, component.value?.valueName, undefined, warn);
    for (const each of component.codes) {
      const key = keyOf(each);
      const where = key === undefined ? undefined : seen.get(key);
      if (each.code && where !== undefined)
        warn(each.code.node, 'COMPONENT_CODE_REPEATED', `This code is that ${where} too: likely copied`);
    }
    for (const each of component.codes) seen.set(keyOf(each), 'of another component');
  }
}

/**
 * One finding for a code, the first.
 *
 * @param typeName counts only where the value's own name does not settle it: a type may hold more than its code says
 */
function lintNames(
  codes: readonly MappedCode[],
  valueName: PlacedText | undefined,
  typeName: PlacedText | undefined,
  warn: Warn,
): void {
  for (const { code, system, display } of codes) {
    if (code === undefined || system === undefined || systemMeant(system.text) !== LOINC) continue;
    const isSettled = valueName !== undefined && namingOf(code.text, valueName.text).names === 'its own';
    for (const name of [display, valueName, isSettled ? undefined : typeName]) {
      const naming = name && namingOf(code.text, name.text);
      if (naming?.names !== 'another') continue;
      const message = `"${name?.text ?? ''}" names ${naming.named}, and ${code.text} is the LOINC code of ${naming.coded}`;
      warn(code.node, 'VITAL_SIGN_MISTAKEN', message);
      break;
    }
  }
}

/** Undefined for a code that is none. */
function keyOf({ code, system }: MappedCode): string | undefined {
  return code && JSON.stringify([system && systemMeant(system.text), code.text]);
}

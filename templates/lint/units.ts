import { systemMeant, UCUM } from './code-systems.ts';
import { isOfType, valuesOf } from './mapping-outline.ts';
import type { MappedObservation, MappedValue } from './mapping-outline.ts';
import type { Warn } from './placed.ts';
import { isUcumCode } from './ucum.ts';
import { meantByMisspelt, meantByOtherUnit } from './unit-mistakes.ts';

/**
 * Units that people can read and machines cannot.
 *
 * @param known values whose units have been spoken of
 */
export function lintUnits(observation: MappedObservation, known: ReadonlySet<MappedValue>, warn: Warn): void {
  for (const value of valuesOf(observation)) if (!known.has(value)) lintUnit(value, warn);
}

function lintUnit(value: MappedValue, warn: Warn): void {
  // That of a concept is no unit.
  if (!isOfType(value, 'Quantity', 'SampledData')) return;
  const { unit, system, code } = value;
  if (system && !code) {
    const such = systemMeant(system.text) === UCUM ? suchAs(unit?.text) : '';
    warn(system.node, 'UNIT_INCOMPLETE', `The unit has a system and no code: expected "code" beside it${such}`);
  } else if (code && !system) {
    warn(code.node, 'UNIT_INCOMPLETE', `The unit has a code and no system: expected "system": "${UCUM}" beside it`);
  } else if (unit && !code && isOfType(value, 'Quantity')) {
    const expected = `expected "system": "${UCUM}" and its "code" beside it${suchAs(unit.text)}`;
    warn(unit.node, 'UNIT_INCOMPLETE', `A unit in words only cannot be compared or converted: ${expected}`);
  }
}

function suchAs(unit = ''): string {
  const [, meant = isUcumCode(unit) ? unit : undefined] = meantByOtherUnit(unit) ?? [];
  const code = meantByMisspelt(unit) ?? meant;
  return code === undefined ? '' : `, likely "${code}"`;
}

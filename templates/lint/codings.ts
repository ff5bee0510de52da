import type { TemplateNode } from '../template-file.ts';
import { LOINC, systemMeant, UCUM } from './code-systems.ts';
import { isLoincShaped, withCheckDigit } from './loinc.ts';
import { outlineCode } from './mapping-outline.ts';
import type { Warn } from './placed.ts';
import { isUcumCode } from './ucum.ts';
import { meantByMisspelt, meantByOtherUnit } from './unit-mistakes.ts';

/** Whatever in the file has a code and a system: codings and quantities, at any depth. */
export function lintCodings(node: TemplateNode, warn: Warn): void {
  if (node.kind === 'object') lintCoding(node, warn);
  for (const child of [...node.members.values(), ...node.items]) lintCodings(child, warn);
}

function lintCoding(node: TemplateNode, warn: Warn): void {
  const { code, system } = outlineCode(node);
  const meant = system && systemMeant(system.text);
  if (system && meant !== system.text)
    warn(
      system.node,
      'CODE_SYSTEM_MISSPELT',
      `Expected "${meant}": whoever searches by code system does not find this`,
    );
  if (code === undefined) return;
  if (meant === LOINC) lintLoinc(code.node, code.text, warn);
  else if (meant === UCUM) lintUcum(code.node, code.text, warn);
  else if (system === undefined && isLoincShaped(code.text) && withCheckDigit(code.text) === code.text)
    warn(code.node, 'CODE_WITHOUT_SYSTEM', `This looks like a LOINC code: expected "system": "${LOINC}" beside it`);
}

function lintLoinc(node: TemplateNode, code: string, warn: Warn): void {
  if (!isLoincShaped(code)) {
    warn(node, 'LOINC_CODE_INVALID', 'Expected a LOINC code: up to seven digits, a hyphen and the check digit');
    return;
  }
  const right = withCheckDigit(code);
  if (right !== code)
    warn(node, 'LOINC_CODE_INVALID', `The check digit is wrong: mistyped, unless "${right}" is meant`);
}

function lintUcum(node: TemplateNode, code: string, warn: Warn): void {
  const [means, meant] = meantByOtherUnit(code) ?? [];
  if (means !== undefined) warn(node, 'UCUM_CODE_INVALID', `In UCUM "${code}" is ${means}; "${meant}" is likely meant`);
  else if (!isUcumCode(code)) warn(node, 'UCUM_CODE_INVALID', `"${code}" is no UCUM code${suggestion(code)}`);
}

function suggestion(text: string): string {
  const meant = meantByMisspelt(text);
  return meant === undefined ? '' : `; "${meant}" is likely meant`;
}

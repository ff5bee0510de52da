import { UcumLhcUtils, UnitTables } from '@lhncbc/ucum-lhc';

/** Whether a text is a UCUM code, in the case-sensitive form that FHIR asks for. */
export function isUcumCode(code: string): boolean {
  // Not its `validateUnitString`, which trims, and writes to standard output what it cannot parse.
  const { uStrParser_: parser } = UcumLhcUtils.getInstance();
  if (code === '' || /\s/.test(code)) return false;
  // Its tables are plain objects: what every object has is no unit.
  if (UnitTables.getInstance().getUnitByCode(code)?.name_ !== undefined) return true;
  try {
    const [unit, understood] = parser.parseString(code, 'validate', false);
    return unit?.name_ !== undefined && understood === code;
  } catch {
    // It throws on some of what is no unit, in words about its own inside.
    return false;
  }
}

/** A code; or with a prefix a part, an answer, a list of answers or a group, whose check digits follow another rule. */
const SHAPE = /^(?:\d{1,7}|L[PALG]\d{1,7})-\d$/;
const TERM = /^(\d{1,7})-\d$/;

export function isLoincShaped(code: string): boolean {
  return SHAPE.test(code);
}

/**
 * The code with the check digit that belongs to it: modulus 10, as of credit cards.
 *
 * @param code of LOINC's shape
 * @see LOINC Users' Guide, "How to calculate the check digit"
 */
export function withCheckDigit(code: string): string {
  const [, number] = TERM.exec(code) ?? [];
  return number === undefined ? code : `${number}-${checkDigit(number)}`;
}

function checkDigit(number: string): number {
  const digits = Array.from(number, Number).reverse();
  const sum = digits.reduce((total, digit, place) => total + (place % 2 === 0 ? doubled(digit) : digit), 0);
  return (10 - (sum % 10)) % 10;
}

/** The sum of the digits of twice the digit. */
function doubled(digit: number): number {
  return digit < 5 ? 2 * digit : 2 * digit - 9;
}

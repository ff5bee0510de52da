/** What a reader takes beyond JSON with comments, trailing commas and single-quoted texts. Patterns are sticky. */
export interface JsonDialect {
  /** A word, where a value may end with it. */
  readonly word: RegExp;
  readonly words: ReadonlyMap<string, number | boolean | null>;
  readonly number: RegExp;
  /** Undefined for what the pattern let through and is no number all the same. */
  numberOf(text: string): number | bigint | undefined;
  /** A member name without quotes. */
  readonly bareName: RegExp;
  /** Whether a text may go on in the next line. */
  readonly hasBrokenLines: boolean;
}

const NOTHING = /(?!)/y;
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/** Nothing more. */
export const RELAXED_JSON: JsonDialect = {
  word: /(?:true|false|null)(?!\w)/y,
  words: new Map(WORDS),
  number: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y,
  numberOf: exactNumber,
  bareName: NOTHING,
  hasBrokenLines: false,
};

/** What the original's reader takes of a body. */
export const ORIGINAL_JSON: JsonDialect = {
  word: /(?:true|false|null|NaN|-?Infinity)(?=[\s,}\])/]|$)/y,
  words: new Map<string, number | boolean | null>([
    ...WORDS,
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
  ]),
  number: /[-.\d][-+.\da-fxA-FX]*(?=[\s,}\])/]|$)/y,
  numberOf: originalNumber,
  bareName: /[\p{L}\p{Nd}_$]+/uy,
  hasBrokenLines: true,
};

/** Whole numbers to the last digit. */
function exactNumber(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(text) ? value : BigInt(text);
}

/** Zeros in front are octal unless a sign stands before them. */
const DECIMAL = new RegExp(String.raw`^(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+|-\d+(?:\.\d*)?|-\.\d+)(?:e[+-]?\d+)?$`, 'i');

/** `010` is octal, `0x1F` hexadecimal; both may have 64 bits, and are then two's complement. */
function originalNumber(text: string): number | bigint | undefined {
  if (/^0x[\da-f]+$/i.test(text)) return twosComplement(BigInt(text.toLowerCase()));
  if (/^0[0-7]+$/.test(text)) return twosComplement(BigInt(`0o${text}`));
  return DECIMAL.test(text) ? exactNumber(text) : undefined;
}

/** Undefined beyond 64 bits. */
function twosComplement(bits: bigint): number | bigint | undefined {
  if (bits >= 2n ** 64n) return undefined;
  const value = BigInt.asIntN(64, bits);
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
}

import { IngestError } from '../../core/errors.ts';
import { formatTicks } from '../../core/ticks.ts';
import { add, divide, multiply, pow, subtract } from './arithmetic.ts';
import { fixed, numberArgument, textArgument, wrongKind } from './jmes-function.ts';
import type { FunctionCall, JmesFunction } from './jmes-function.ts';

type Operation = (left: number | bigint, right: number | bigint) => number | bigint;

/** The original's additions to JMESPath. */
export const CUSTOM_FUNCTIONS = {
  add: arithmetic(add),
  subtract: arithmetic(subtract),
  multiply: arithmetic(multiply),
  divide: arithmetic(divide),
  pow: arithmetic(pow),
  insertString: fixed(3, insertString),
  fromUnixTimestamp: fixed(1, (call) => instant(call, 7)),
  fromUnixTimestampMs: fixed(1, (call) => instant(call, 4)),
} satisfies Record<string, JmesFunction>;

function arithmetic(operation: Operation): JmesFunction {
  return fixed(2, (call) => operation(numberArgument(call, 0), numberArgument(call, 1)));
}

/** `position` counts UTF-16 units, from 0 to the length of the text. */
function insertString(call: FunctionCall): string {
  const text = textArgument(call, 0);
  const inserted = textArgument(call, 1);
  const position = numberArgument(call, 2);
  if (typeof position === 'bigint' || !Number.isInteger(position) || position < 0 || position > text.length) {
    return wrongKind(call, 2, 'a whole number from 0 to the length of the text');
  }
  call.budget.spend(text.length + inserted.length);
  return text.slice(0, position) + inserted + text.slice(position);
}

/** Years 1 to 9999, as ticks since 1970. */
const FIRST_TICKS = -621_355_968_000_000_000n;
const LAST_TICKS = 2_534_023_007_999_999_999n;

/** An instant as ISO 8601 text in UTC. @param scale decimal digits between the argument's unit and a tick of 100 ns */
function instant(call: FunctionCall, scale: number): string {
  const ticks = scaled(numberArgument(call, 0), scale);
  if (ticks === undefined || ticks < FIRST_TICKS || ticks > LAST_TICKS) {
    throw new IngestError('EXPRESSION_FAILED', `${call.name}() takes an instant of the years 1 to 9999`);
  }
  return formatTicks(ticks);
}

/** The number times ten to the `scale`, from its decimal digits: a product of doubles would not be exact. */
function scaled(value: number | bigint, scale: number): bigint | undefined {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return BigInt(value) * 10n ** BigInt(scale);
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value.toString());
  if (!match) return typeof value === 'number' && Math.abs(value) < 1 ? 0n : undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  const ticks = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  return sign === '-' ? -ticks : ticks;
}

import { z } from 'zod';

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A duration as text with its unit (`500ms`, `5s`, `10m`, `1h`, `8d`), read to whole milliseconds. */
export const Duration = z.string().transform((text, context): number => {
  const ms = durationMs(text);
  if (ms === undefined) {
    context.addIssue({
      code: 'custom',
      message: 'expected a duration with its unit, such as 500ms, 5s, 10m, 1h or 8d',
    });
    return z.NEVER;
  }
  return ms;
});

export function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text.trim());
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]);
}

/** As `Duration`, but not zero: a rest of nothing would be a loop without pause. */
export const PositiveDuration = Duration.refine((ms) => ms > 0, 'expected a duration above zero');

/** As it would be written, in the largest unit that leaves it whole: 300000 is `5m`. */
export function durationText(ms: number): string {
  const units = Object.entries(UNIT_MS).toReversed();
  const [unit, unitMs] = units.find(([, size]) => ms % size === 0 && ms >= size) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}

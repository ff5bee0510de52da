import type { Random } from './physiology.ts';

/** One sample: milliseconds after the start of its strip, and lead I in millivolts. */
export type EcgSample = readonly [offsetMs: number, millivolts: number];

export const STRIP_MS = 10_000;
/** 250 Hz. */
const SAMPLE_PERIOD_MS = 4;

/** The waves of one beat, each a bump: where its peak is from that of R, how high, and how wide (standard deviation). */
const WAVES = [
  { name: 'P', atMs: -160, millivolts: 0.12, widthMs: 22 },
  { name: 'Q', atMs: -28, millivolts: -0.1, widthMs: 8 },
  { name: 'R', atMs: 0, millivolts: 1, widthMs: 10 },
  { name: 'S', atMs: 28, millivolts: -0.22, widthMs: 9 },
  { name: 'T', atMs: 240, millivolts: 0.28, widthMs: 42 },
] as const;
/** Nothing of a beat is left so far from its R. */
const REACH_MS = 400;

/** Ten seconds of an electrocardiogram: the waves of each beat added up, with a little noise, in microvolt steps. */
export function ecgStrip(heartRate: number, random: Random): EcgSample[] {
  const beats = beatsOf(heartRate, random);
  return Array.from({ length: STRIP_MS / SAMPLE_PERIOD_MS }, (_, i): EcgSample => {
    const offsetMs = i * SAMPLE_PERIOD_MS;
    const near = beats.filter((beat) => Math.abs(offsetMs - beat) < REACH_MS);
    const millivolts = near.reduce((sum, beat) => sum + beatAt(offsetMs - beat), (random() - 0.5) * 0.02);
    return [offsetMs, Math.round(millivolts * 1000) / 1000];
  });
}

/** When each R is, from before the strip to after it; no two beats follow each other at quite the same distance. */
function beatsOf(heartRate: number, random: Random): number[] {
  const beats: number[] = [];
  const intervalMs = 60_000 / heartRate;
  for (let at = -intervalMs * random(); at < STRIP_MS + REACH_MS; at += intervalMs * (0.96 + 0.08 * random())) {
    beats.push(at);
  }
  return beats;
}

function beatAt(fromPeakMs: number): number {
  return WAVES.reduce((sum, { atMs, millivolts, widthMs }) => {
    return sum + millivolts * Math.exp(-(((fromPeakMs - atMs) / widthMs) ** 2) / 2);
  }, 0);
}

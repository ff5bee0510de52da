/** Draws from 0 (inclusive) to 1; the caller decides whether it can be repeated. */
export type Random = () => number;

/** What a simulated body is doing; values wander, so that neighbours resemble each other as in life. */
export interface Body {
  /** Beats per minute, whole. */
  heartRate(at: Date): number;
  /** mmHg, whole. */
  bloodPressure(at: Date): { systolic: number; diastolic: number };
  /** Steps since midnight UTC, never falling within a day. */
  stepsToday(at: Date): number;
  /** Degrees Celsius, in tenths. */
  temperature(at: Date): number;
  /** Percent, whole. */
  oxygenSaturation(): number;
  /** Breaths per minute, whole. */
  respiratoryRate(at: Date): number;
  /** Kilograms, in tenths. */
  weight(at: Date): number;
}

/**
 * A plausible adult: a heart that rests at night and rises by day, what follows it, and steps in waking hours.
 */
export function createBody(random: Random): Body {
  const resting = 56 + 14 * random();
  const pressure = 108 + 16 * random();
  const morningWeight = 54 + 40 * random();
  let strain = 0;
  let day = '';
  let steps = 0;
  const around = (): number => random() - 0.5;
  const wander = (): number => (strain = 0.9 * strain + around() * 4);
  const heartRateAt = (at: Date): number => resting + 12 * wakefulness(at) + wander();
  return {
    heartRate: (at) => Math.round(clamp(heartRateAt(at), 42, 190)),

    bloodPressure(at) {
      const systolic = Math.round(clamp(pressure + 8 * wakefulness(at) + wander() * 1.5, 88, 180));
      const diastolic = Math.round(clamp(systolic * 0.64 + around() * 4, 50, 110));
      return { systolic, diastolic };
    },

    stepsToday(at) {
      const today = at.toISOString().slice(0, 10);
      const walked = Math.round(9000 * shareOfDayWalked(at));
      if (today !== day) steps = 0;
      day = today;
      steps = Math.max(steps, walked + Math.round(20 * random()));
      return steps;
    },

    temperature: (at) => tenths(clamp(36.4 + 0.6 * wakefulness(at) + wander() * 0.02 + around() * 0.2, 35.5, 38.5)),

    oxygenSaturation: () => Math.round(clamp(97.2 - wander() * 0.1 + around() * 2, 90, 100)),

    respiratoryRate: (at) => Math.round(clamp(12 + 3 * wakefulness(at) + wander() * 0.3 + around() * 2, 8, 30)),

    weight: (at) => tenths(morningWeight + 0.8 * shareOfDayWalked(at) + around() * 0.2),
  };
}

/** 0 deep in the night, 1 in the afternoon. */
function wakefulness(at: Date): number {
  return 0.5 - 0.5 * Math.cos(((hourOf(at) - 4) / 24) * 2 * Math.PI);
}

/** Nobody walks before six or after ten in the evening. */
function shareOfDayWalked(at: Date): number {
  return clamp((hourOf(at) - 6) / 16, 0, 1);
}

function hourOf(at: Date): number {
  return at.getUTCHours() + at.getUTCMinutes() / 60 + at.getUTCSeconds() / 3600;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

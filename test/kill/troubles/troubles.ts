import type { Trouble } from '../scene.ts';
import { KILLS } from './kills.ts';
import { MID_WRITE } from './mid-write.ts';
import { OPERATORS } from './operators.ts';
import { OUTAGES } from './outages.ts';
import { STOPS } from './stops.ts';

/** Everything that can happen. */
export const TROUBLES: readonly Trouble[] = [...KILLS, ...MID_WRITE, ...STOPS, ...OUTAGES, ...OPERATORS];

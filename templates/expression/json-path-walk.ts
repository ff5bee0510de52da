import type { JsonValue } from '../../core/device-message.ts';
import type { Run } from './run.ts';

/** Takes one selected value; false when it wants no more. */
export type Emit = (value: JsonValue) => boolean;

/** Hands every value it selects from one value to `emit`, in document order; false once `emit` wants no more. */
export type Walk = (value: JsonValue, run: Run, emit: Emit) => boolean;

/** Says whether a candidate (`@`) passes a filter. */
export type Condition = (candidate: JsonValue, run: Run) => boolean;

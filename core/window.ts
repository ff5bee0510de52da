/** When a device's measurements of one type are gathered and when they go. */
export interface WindowSettings {
  /** From the first measurement after an empty buffer. */
  readonly windowMs: number;
  /** A buffer of so many rows goes at once. */
  readonly maxRows: number;
  /** A buffer of about so many bytes goes at once. */
  readonly maxBytes: number;
}

/**
 * When a window that opens now closes. The first of a workflow is cut short by a share that depends on the workflow, so
 * that a fleet switched on together does not deliver together for ever after.
 */
export function windowClosesAt(settings: WindowSettings, openedAt: number, isFirst: boolean, share: number): number {
  return openedAt + Math.round(settings.windowMs * (isFirst ? 0.1 + 0.9 * share : 1));
}

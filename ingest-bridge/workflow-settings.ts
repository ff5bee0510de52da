import type { Config } from '../config/settings.ts';
import type { DeviceMeasurementsSettings } from '../workflows/messages.ts';

/** A buffer of about so many bytes closes early, and waiting rows beyond twice as many leave a workflow's state. */
const BUFFER_BYTES = 64 * 1024;
/** Of one delivery: its payloads stay well below Temporal's 2 MB, and a slow server can take it in five minutes. */
const DELIVERY_ROWS = 1000;
const DELIVERY_BYTES = 512 * 1024;
/** A worker's cache holds some thousand workflows: histories must stay short, since a miss replays all of it. */
const CONTINUE_AS_NEW_EVENTS = 300;

/** What the workflows of a measurement type are started with. */
export function workflowSettings(config: Config, type: string, fhirTaskQueue: string): DeviceMeasurementsSettings {
  return {
    windowMs: config.windows.get(type) ?? config.window,
    maxRows: config.windowMaxRows,
    maxBytes: BUFFER_BYTES,
    maxDeliveryRows: DELIVERY_ROWS,
    maxDeliveryBytes: DELIVERY_BYTES,
    maxInlineBytes: 2 * BUFFER_BYTES,
    maxCarriedBytes: DELIVERY_BYTES,
    retry: {
      fastInitialMs: config.retryFastInitial,
      fastAttempts: config.retryFastAttempts,
      slowInitialMs: config.retrySlowInitial,
      slowMaximumMs: config.retrySlowMaximum,
    },
    idleAfterMs: config.idleAfter,
    identityMaxAgeMs: config.identityMaxAge,
    continueAsNewEvents: CONTINUE_AS_NEW_EVENTS,
    fhirTaskQueue,
  };
}

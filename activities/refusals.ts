import { IngestError } from '../core/errors.ts';
import type { RefusalCode } from '../core/identity.ts';

const MESSAGES: Readonly<Record<RefusalCode, string>> = {
  DEVICE_WITHOUT_PATIENT: 'Expected the Device to have had a Patient when it measured this',
  DEVICE_HISTORY_MISSING:
    'Expected the history of the Device: it was changed after it measured this, and may have been another patient’s then',
  PATIENT_MISMATCH: 'Expected the Device to have had the Patient that the message names when it measured this',
};

/** Why a reading is nobody's, as its group is told. */
export function refusalOf(code: RefusalCode): IngestError {
  return new IngestError(code, MESSAGES[code]);
}

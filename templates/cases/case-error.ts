import { IngestError } from '../../core/errors.ts';
import type { IngestErrorCode } from '../../core/errors.ts';
import type { CaseError } from './mapping-case.ts';

/** @param defect the code of whatever else than an error of the catalogue is thrown */
export function caseError(error: unknown, defect: IngestErrorCode): CaseError {
  if (error instanceof IngestError) return { code: error.code, message: error.message, ...error.details };
  return { code: defect, message: `An unexpected error: ${String(error)}` };
}

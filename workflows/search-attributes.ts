import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** What workflows can be found by. Codes and states only: search attributes are never encrypted. */
export const IomtDevice = defineSearchAttributeKey('IomtDevice', SearchAttributeType.KEYWORD);
export const IomtMeasurementType = defineSearchAttributeKey('IomtMeasurementType', SearchAttributeType.KEYWORD);
/** `retrying` or `stuck`; absent when all is well. */
export const IomtState = defineSearchAttributeKey('IomtState', SearchAttributeType.KEYWORD);
export const IomtStuckSince = defineSearchAttributeKey('IomtStuckSince', SearchAttributeType.DATETIME);
/** A code of the catalogue. */
export const IomtReason = defineSearchAttributeKey('IomtReason', SearchAttributeType.KEYWORD);

export const SEARCH_ATTRIBUTES = [IomtDevice, IomtMeasurementType, IomtState, IomtStuckSince, IomtReason] as const;

import { DefaultFailureConverter } from '@temporalio/common';

/** Makes messages and stack traces of failures a payload, which the codec encrypts; Temporal loads it by its path. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });

import type { AmqpError } from 'rhea';

/** The conditions this server answers with; the SDK maps each to an error code and to whether it retries. */
export type AmqpCondition =
  | 'amqp:decode-error'
  | 'amqp:internal-error'
  | 'amqp:link:message-size-exceeded'
  | 'amqp:link:stolen'
  | 'amqp:not-allowed'
  | 'amqp:not-found'
  | 'amqp:resource-limit-exceeded'
  | 'amqp:unauthorized-access'
  | 'com.microsoft:argument-error'
  | 'com.microsoft:argument-out-of-range'
  | 'com.microsoft:server-busy';

/** A refusal that reaches the client as it is: what is wrong with its link, message or request. */
export class AmqpConditionError extends Error {
  override readonly name = 'AmqpConditionError';
  readonly condition: AmqpCondition;

  constructor(condition: AmqpCondition, description: string) {
    super(description);
    this.condition = condition;
  }
}

/** The error field of a detach or a rejection. What was not meant for clients travels as an internal error without words. */
export function toAmqpError(error: unknown): AmqpError {
  if (error instanceof AmqpConditionError) return { condition: error.condition, description: error.message };
  return { condition: 'amqp:internal-error', description: 'The server could not complete the operation.' };
}

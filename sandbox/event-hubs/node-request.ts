import type { AmqpCondition } from './amqp-error.ts';

/** A request to one of the nodes that answer (`$cbs`, `$management`). */
export interface NodeRequest {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** The answer: a status as HTTP has them, and for a read the values, wrapped in their AMQP types where those matter. */
export interface NodeReply {
  readonly status: number;
  readonly description: string;
  readonly condition?: AmqpCondition;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A request's property as text; empty if it is missing or something else. */
export function textProperty(request: NodeRequest, name: string): string {
  const value = request.properties[name];
  return typeof value === 'string' ? value : '';
}

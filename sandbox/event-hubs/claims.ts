import { AmqpConditionError } from './amqp-error.ts';
import { entityPath } from './entity-address.ts';

/** What one connection has shown tokens for. A claim for a hub opens all that lies below it. */
export class Claims {
  readonly #expiresAtByPath = new Map<string, number>();

  /** @param audience the entity's URI, as the token request named it */
  add(audience: string, expiresAt: number): void {
    this.#expiresAtByPath.set(normalized(audience), expiresAt);
  }

  /** @throws AmqpConditionError amqp:unauthorized-access */
  require(path: string, now: number): void {
    const wanted = normalized(path);
    for (const [claimed, expiresAt] of this.#expiresAtByPath) {
      const isCovered = claimed === '' || wanted === claimed || wanted.startsWith(`${claimed}/`);
      if (isCovered && expiresAt > now) return;
    }
    throw new AmqpConditionError(
      'amqp:unauthorized-access',
      `Unauthorized access. 'Send' or 'Listen' claims are required for ${path}.`,
    );
  }
}

function normalized(address: string): string {
  return entityPath(address)
    .toLowerCase()
    .replace(/(^|\/)\$management$/, '');
}

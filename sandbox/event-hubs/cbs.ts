import type { Claims } from './claims.ts';
import { textProperty, type NodeReply, type NodeRequest } from './node-request.ts';
import { verifyToken, type AccessPolicies } from './shared-access-signature.ts';

const SAS_TOKEN = 'servicebus.windows.net:sastoken';

/** Answers a request to `$cbs`: a valid token becomes a claim of its connection. */
export function putToken(request: NodeRequest, claims: Claims, policies: AccessPolicies, now: number): NodeReply {
  const operation = textProperty(request, 'operation');
  if (operation !== 'put-token') {
    return { status: 404, description: `Expected the operation put-token`, condition: 'amqp:not-found' };
  }
  if (textProperty(request, 'type') !== SAS_TOKEN)
    return unauthorized(`InvalidType: expected a token of type ${SAS_TOKEN}`);
  const audience = textProperty(request, 'name');
  const verdict = verifyToken(String(request.body), audience, policies, now);
  if (verdict.kind === 'refused') return unauthorized(verdict.reason);
  claims.add(audience, verdict.expiresAt);
  return { status: 202, description: 'Accepted' };
}

function unauthorized(description: string): NodeReply {
  return { status: 401, description, condition: 'amqp:unauthorized-access' };
}

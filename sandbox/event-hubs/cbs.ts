import type { AccessRules } from './access-token.ts';
import { verifyAccessToken } from './access-token.ts';
import type { Claims } from './claims.ts';
import { textProperty, type NodeReply, type NodeRequest } from './node-request.ts';

const SAS_TOKEN = 'servicebus.windows.net:sastoken';
const ENTRA_ID_TOKEN = 'jwt';

/** Answers a request to `$cbs`: a valid token becomes a claim of its connection. */
export function putToken(request: NodeRequest, claims: Claims, rules: AccessRules, now: number): NodeReply {
  const operation = textProperty(request, 'operation');
  if (operation !== 'put-token') {
    return { status: 404, description: `Expected the operation put-token`, condition: 'amqp:not-found' };
  }
  const types = [SAS_TOKEN, ...(rules.takesEntraId ? [ENTRA_ID_TOKEN] : [])];
  if (!types.includes(textProperty(request, 'type'))) {
    return unauthorized(`InvalidType: expected a token of type ${types.join(' or ')}`);
  }
  const audience = textProperty(request, 'name');
  const verdict = verifyAccessToken(String(request.body), audience, rules, now);
  if (verdict.kind === 'refused') return unauthorized(verdict.reason);
  claims.add(audience, verdict.expiresAt);
  return { status: 202, description: 'Accepted' };
}

function unauthorized(description: string): NodeReply {
  return { status: 401, description, condition: 'amqp:unauthorized-access' };
}

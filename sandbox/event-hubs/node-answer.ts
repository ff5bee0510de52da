import rhea, { type EventContext, type Sender } from 'rhea';
import type { AccessRules } from './access-token.ts';
import { putToken } from './cbs.ts';
import type { Claims } from './claims.ts';
import type { Hubs } from './entity-address.ts';
import { readEntity } from './management.ts';
import type { NodeReply, NodeRequest } from './node-request.ts';
import { decodedMessageOf, type DecodedMessage } from './rhea-internals.ts';

export interface AnswerDeps {
  readonly hubs: Hubs;
  readonly rules: AccessRules;
  readonly claims: Claims;
  readonly replyLinks: ReadonlyMap<string, Sender>;
}

/** Answers a request that arrived at `$cbs` or `$management`; without a link to answer on, nothing is sent. */
export function answer(context: EventContext, node: 'cbs' | 'management', deps: AnswerDeps): void {
  const message = decodedMessageOf(context);
  const request: NodeRequest = { properties: message.application_properties ?? {}, body: message.body };
  const reply =
    node === 'cbs'
      ? putToken(request, deps.claims, deps.rules, Date.now())
      : readEntity(request, deps.hubs, deps.claims, deps.rules, Date.now());
  const link = deps.replyLinks.get(message.reply_to ?? '') ?? linkFromSameNode(context);
  link?.send(toMessage(message, reply));
}

/** Some SDKs leave `reply_to` out: the answer goes to the link of the session that reads from the node asked. */
function linkFromSameNode({ session, receiver }: EventContext): Sender | undefined {
  return session?.find_sender((link: Sender) => link.source.address === receiver?.target.address);
}

function toMessage(request: DecodedMessage, reply: NodeReply): Parameters<Sender['send']>[0] {
  const properties = {
    'status-code': rhea.types.wrap_int(reply.status),
    'status-description': reply.description,
    ...(reply.condition && { 'error-condition': reply.condition }),
  };
  return {
    ...(request.message_id !== undefined && { correlation_id: request.message_id }),
    ...(request.reply_to !== undefined && { to: request.reply_to }),
    application_properties: properties,
    body: reply.body ?? null,
  };
}

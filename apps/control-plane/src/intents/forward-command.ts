import { IntentReplySchema, type IntentReply } from '@lapidary/contracts/intent-protocol';
import { apiIntents } from '@lapidary/contracts/subjects';
import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';
import { requireRole } from '../auth/principal.js';
import { commandRequestOf } from '../http/command-decorator.js';
import { parseIdempotencyKey, requestHash } from '../http/idempotency.js';
import { isUnanswered, passedOn, unreachableAfterMs, waitOf, type ForwardedAnswer } from '../replication/api-forward.js';
import { acceptIntent, answerOfRepeat, queuedAnswer, type Wanted } from './accept-intent.js';
import { ownerOfOpen, type NewIntent } from './intent-store.js';
import { refuseMistyped } from './input-check.js';
import { subjectOf, withoutWait } from './queueable.js';

export interface CommandForward {
  readonly region: string;
  readonly peer: string;
  readonly link: NatsLink;
  readonly dataSource: DataSource;
  readonly onForwarded: (peer: string, outcome: 'answered' | 'unreachable') => void;
}

/**
 * A command for another region: asked there at once while the link stands, else queued. Both under one intent's id, so that an attempt of
 * which nobody knows what came of it is queued as "sent" and still takes effect once (IN1).
 */
export const forwardCommand = async (forward: CommandForward, request: FastifyRequest, wanted: Wanted): Promise<ForwardedAnswer> => {
  const { region, peer, link, dataSource } = forward;
  const command = commandRequestOf(request);
  requireRole(request.principal!, 'operator', peer);
  const key = parseIdempotencyKey(command.idempotencyKey);
  const hash = requestHash(command.method, command.path, command.body, command.query);
  const repeated = await answerOfRepeat(dataSource, region, command.actor, key, hash);
  if (repeated) return repeated;
  const intent: Omit<NewIntent, 'state'> = {
    id: newId(),
    owner: peer,
    subject: subjectOf(request),
    method: command.method,
    url: request.url,
    ...passedOn(request),
    actor: command.actor,
    reason: command.reason,
    request_id: command.requestId,
    idempotency_key: key,
    request_hash: hash,
    expiresAt: new Date(Date.now() + wanted.seconds * 1_000).toISOString(),
  };
  const queue = async (state: NewIntent['state']): Promise<ForwardedAnswer> => {
    forward.onForwarded(peer, 'unreachable');
    await refuseMistyped(dataSource, peer, request);
    const context = { region, actor: command.actor, requestId: command.requestId, reason: command.reason };
    return queuedAnswer(await acceptIntent(dataSource, context, { ...intent, url: withoutWait(intent.url), state }), region);
  };
  // IN5: behind what waits already, however well the link stands by now.
  if (!link.isConnected || (await ownerOfOpen(dataSource, intent.subject)) === peer) return await queue('queued');
  const reply = await attempt(forward, intent, request);
  if (reply === null) return await queue('sent');
  forward.onForwarded(peer, 'answered');
  return answerOf(reply, region, intent.id);
};

/** Null: no answer came, and nobody knows whether it was executed. */
const attempt = async (forward: CommandForward, intent: Omit<NewIntent, 'state'>, request: FastifyRequest): Promise<IntentReply | null> => {
  const { link, peer, region } = forward;
  const { id, expiresAt, method, url, headers, body, actor } = intent;
  const command = { method, url, headers, body, principal: { actor, bindings: request.principal!.bindings } };
  try {
    const message = { want: 'execute', id, expiresAt, command };
    return await link.requestJson(apiIntents(peer, region), message, IntentReplySchema, unreachableAfterMs + waitOf(url));
  } catch (error) {
    if (isUnanswered(error)) return null;
    throw error;
  }
};

const answerOf = ({ verdict, answer }: IntentReply, region: string, id: string): ForwardedAnswer => {
  if (answer) return answer;
  throw new AppError(verdict === 'expired' ? 'intent_expired' : 'request_in_progress', undefined, {
    details: { intent: `${region}.${id}` },
  });
};

import type { IntentCommand, IntentReply, IntentRequest } from '@lapidary/contracts/intent-protocol';
import { AppError } from '@lapidary/kernel/app-error';
import { errorCatalogue, isErrorCode } from '@lapidary/kernel/error-catalogue';
import type { FastifyInstance } from 'fastify';
import type { DataSource } from 'typeorm';
import { isPerson } from '../auth/spoken-for.js';
import { roles } from '@lapidary/contracts/api/tokens';
import { limitTo, type Principal, type Role } from '../auth/principal.js';
import type { ClaimedIntent } from '../auth/claimed-intent.js';
import { problemOf } from '../http/problem.js';
import type { ForwardedAnswer } from '../replication/api-forward.js';
import { answerForwarded } from '../replication/forward-answer.js';
import { readPosition } from '../replication/peer-position.js';
import { belongsTo } from '../replication/request-region.js';
import { isQueueable } from './queueable.js';
import { decide, isLate, readVerdict } from './verdict-rows.js';

export interface OwnerOptions {
  /** This region. */
  readonly region: string;
  /** The region that asks, by the subject its message came on. */
  readonly peer: string;
  /** The most that people of the peer may do here. */
  readonly roleMax: Role;
  readonly fastify: FastifyInstance;
  readonly dataSource: DataSource;
}

/**
 * The owner's side: executes a peer's intent once, or says what became of it. Each path ends in the row of intent_verdict, which is
 * written once (IN1, IN2); whoever comes second, a duplicate or a cancel, reads it. `not-now` leaves no row: the peer asks again.
 */
export const answerIntent = async (options: OwnerOptions, request: IntentRequest): Promise<IntentReply> => {
  const { dataSource, peer } = options;
  if ((await readPosition(dataSource, peer)).fenced) {
    const refusal = new AppError('region_given_up', `Region ${peer} was given up: nothing is done for it`);
    return { verdict: 'not-now', answer: problemAnswer(refusal, request.id) };
  }
  const intent: ClaimedIntent = { origin: peer, id: request.id, expiresAt: request.expiresAt };
  const before = await readVerdict(dataSource, intent);
  if (before) return before;
  const actor = speakerOf(peer, request.want === 'cancel' ? request.by : request.command.principal.actor);
  if (request.want === 'cancel') return await decide(dataSource, intent, actor, 'cancelled', null);
  const { command } = request;
  if (await isLate(dataSource, intent)) return await decide(dataSource, intent, actor, 'expired', null);
  const forbidden = whyForbidden(command, options.region);
  if (forbidden) return await decide(dataSource, intent, actor, 'refused', problemAnswer(forbidden, request.id));
  const answer = await answerForwarded(options.fastify, { ...command, principal: principalOf(command, options.roleMax) }, intent);
  return await verdictOn(dataSource, intent, actor, answer);
};

/** What the API's answer to an execution means. The row is looked at first: it may be ours, or that of somebody who was faster. */
const verdictOn = async (dataSource: DataSource, intent: ClaimedIntent, actor: string, answer: ForwardedAnswer): Promise<IntentReply> => {
  const written = await readVerdict(dataSource, intent);
  // Of one's own execution the answer itself is the better one: it may have waited for more (?wait=).
  if (written) return written.verdict === 'executed' && answer.status < 400 ? { ...written, answer } : written;
  if (answer.status < 400) return await decide(dataSource, intent, actor, 'executed', answer);
  const code = codeOf(answer);
  if (code === 'intent_expired') return await decide(dataSource, intent, actor, 'expired', null);
  const mayPass = isErrorCode(code) ? errorCatalogue[code].retry : answer.status >= 500;
  return mayPass ? { verdict: 'not-now', answer } : await decide(dataSource, intent, actor, 'refused', answer);
};

const codeOf = ({ body }: ForwardedAnswer): unknown => {
  try {
    return (JSON.parse(body) as { code?: unknown } | null)?.code;
  } catch {
    return undefined;
  }
};

/** Who a verdict is by (I10): a person of the peer, else the peer itself, whoever it says that it was. */
const speakerOf = (peer: string, actor: string): string => (isPerson(actor) ? actor : `region:${peer}`);

/** IN6: a peer speaks for people, never for parts of this region, and only about what is this region's. */
const whyForbidden = (command: IntentCommand, region: string): AppError | null => {
  const { method, url, principal } = command;
  const body: unknown = command.body === null ? null : parsedOr(command.body);
  if (!isPerson(principal.actor)) return new AppError('forbidden', `A region may not speak for ${principal.actor}`);
  if (!isQueueable({ method, url, body })) return new AppError('forbidden', `${method} ${url} is no command that a region may pass on`);
  const belongs = belongsTo({ method, url, body });
  if (belongs !== null && 'region' in belongs && belongs.region !== region)
    return new AppError('forbidden', `${method} ${url} belongs to region ${belongs.region}`);
  return null;
};

const parsedOr = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const principalOf = ({ principal }: IntentCommand, roleMax: Role): Principal => {
  const bindings = principal.bindings.flatMap(({ role, region }) =>
    roles.filter((r) => r === role).map((known) => ({ role: known, region })),
  );
  return limitTo({ actor: principal.actor, bindings, via: 'peer' }, roleMax);
};

const problemAnswer = (error: AppError, requestId: string): ForwardedAnswer => ({
  status: error.entry.status,
  headers: { 'content-type': 'application/problem+json; charset=utf-8' },
  body: JSON.stringify(problemOf(error, requestId)),
});

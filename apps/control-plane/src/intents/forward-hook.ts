import { rowsOf } from '@lapidary/db/rows';
import { AppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';
import '../auth/request-augmentation.js';
import {
  answerHeaders,
  ForwardedRequestSchema,
  forwardTo,
  methodOf,
  passedOn,
  pickHeaders,
  type ForwardedAnswer,
} from '../replication/api-forward.js';
import { readPosition } from '../replication/peer-position.js';
import { belongsTo } from '../replication/request-region.js';
import { wantedOf } from './accept-intent.js';
import { forwardCommand } from './forward-command.js';
import { ownerOfOpen } from './intent-store.js';
import { isQueueable } from './queueable.js';

export interface ForwardHookOptions {
  readonly region: string;
  readonly dataSource: DataSource;
  /** Links to the other regions' NATS. */
  readonly links: ReadonlyMap<string, NatsLink>;
  readonly onForwarded: (peer: string, outcome: 'answered' | 'unreachable') => void;
}

/**
 * Passes a request that belongs to another region on to that region and gives its answer back; a command that can't get there waits as
 * an intent, unless the caller wants it refused. One hop only: what came from a peer is executed here or refused. Callers without
 * credentials and regions without a link are left to the local handler, whose refusal is the right answer.
 */
export const installForwarding = (fastify: FastifyInstance, options: ForwardHookOptions): void => {
  fastify.addHook('preHandler', async (request, reply) => {
    const peer = await peerOf(request, options);
    if (peer === null) return;
    const wanted = wantedOf(request);
    const answer =
      wanted.queue && isQueueable(request)
        ? await forwardCommand({ ...options, peer, link: options.links.get(peer)! }, request, wanted)
        : await pass(request, peer, options);
    await reply.status(answer.status).headers(pickHeaders(answer.headers, answerHeaders)).send(answer.body);
    return reply;
  });
};

const peerOf = async (request: FastifyRequest, { region, dataSource, links }: ForwardHookOptions): Promise<string | null> => {
  if (!request.principal || request.principal.via === 'peer' || methodOf(request.method) === null) return null;
  const belongs = belongsTo(request);
  if (!belongs) return null;
  const home = 'region' in belongs ? belongs.region : await homeOf(dataSource, belongs.tenant);
  if (home === null || home === region || !links.has(home)) return null;
  if ((await readPosition(dataSource, home)).fenced) throw new AppError('region_given_up', `Region ${home} was given up as lost for good`);
  return home;
};

const homeOf = async (dataSource: DataSource, tenant: string): Promise<string | null> => {
  const [row] = await rowsOf<{ home_region: string }>(dataSource, 'SELECT home_region FROM tenant WHERE id = $1', [tenant]);
  // It may have been asked for in a region that could not be heard, and be created there in a moment.
  return row?.home_region ?? (await ownerOfOpen(dataSource, `tenant/${tenant}`));
};

const pass = async (request: FastifyRequest, peer: string, options: ForwardHookOptions): Promise<ForwardedAnswer> => {
  const forwarded = ForwardedRequestSchema.parse({
    from: options.region,
    method: methodOf(request.method),
    url: request.url,
    ...passedOn(request),
    principal: request.principal,
  });
  try {
    const answer = await forwardTo(options.links.get(peer)!, peer, forwarded);
    options.onForwarded(peer, 'answered');
    return answer;
  } catch (error) {
    options.onForwarded(peer, 'unreachable');
    throw error;
  }
};

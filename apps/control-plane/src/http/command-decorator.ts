import { tenantHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CommandAnswer } from './command-answer.js';
import type { CommandRequest } from './command-runner.js';
import type { RequestQuery } from './idempotency.js';
import '../auth/request-augmentation.js';

/** As in the request schemas: longer reasons belong into a ticket. */
const reasonLengthMax = 500;

const reasonOf = (request: FastifyRequest): string | null => {
  const fromBody = (request.body as { reason?: unknown } | null | undefined)?.reason;
  const fromQuery = (request.query as { reason?: unknown } | undefined)?.reason;
  const reason = fromBody ?? fromQuery;
  return typeof reason === 'string' && reason !== '' ? reason.slice(0, reasonLengthMax) : null;
};

const tenantOf = ({ query, headers }: FastifyRequest): string => {
  const tenant = (query as RequestQuery)['tenant'] ?? headers[tenantHeader] ?? '';
  return typeof tenant === 'string' ? tenant : String(tenant);
};

/** The request as CommandRunner takes it. Throws `unauthenticated` where nobody has been identified (I10). */
export const commandRequestOf = (request: FastifyRequest): CommandRequest => {
  if (!request.principal) throw new AppError('unauthenticated');
  const key = request.headers['idempotency-key'];
  return {
    method: request.method,
    path: request.url.split('?', 1)[0]!,
    query: request.query as RequestQuery,
    tenant: tenantOf(request),
    body: request.body,
    idempotencyKey: Array.isArray(key) ? key.join(',') : key,
    actor: request.principal.actor,
    requestId: request.id,
    reason: reasonOf(request),
    intent: request.intent,
  };
};

/** `@Command() request: CommandRequest` in a controller. */
export const Command = createParamDecorator((_: unknown, context: ExecutionContext): CommandRequest =>
  commandRequestOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Puts an answer on the reply (`@Res({ passthrough: true }) reply`) and returns the body for Nest to send. */
export const send = <T>(reply: FastifyReply, answer: CommandAnswer<T>): T => {
  reply.status(answer.status);
  if (answer.headers) reply.headers(answer.headers);
  return answer.body;
};

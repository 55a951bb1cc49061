import { AppError } from '@lapidary/kernel/app-error';
import type { Logger } from '@lapidary/telemetry/logger';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemOf } from './problem.js';
import { translateError } from './translate-error.js';

export const problemContentType = 'application/problem+json; charset=utf-8';

/** Answers with problem+json and logs what nobody meant to throw; the caller learns the request id to ask about. */
export const sendProblem = (logger: Logger, request: FastifyRequest, reply: FastifyReply, thrown: unknown): FastifyReply => {
  const error = translateError(thrown);
  logProblem(logger, request, error);
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  if (error.code === 'unauthenticated') reply.header('www-authenticate', 'Bearer realm="lapidary"');
  return reply.status(error.entry.status).type(problemContentType).send(problemOf(error, request.id));
};

const logProblem = (logger: Logger, request: FastifyRequest, error: AppError): void => {
  if (error.entry.status < 500) return;
  const facts = {
    requestId: request.id,
    method: request.method,
    path: request.url.split('?', 1)[0],
    code: error.code,
    internal: error.internal,
  };
  if (error.code === 'internal') logger.error({ ...facts, err: error.cause }, 'a request failed unexpectedly');
  else logger.warn(facts, error.message);
};

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    // The head of a stream is out: all that is left is to break it off, which the client notices.
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void sendProblem(this.logger, http.getRequest<FastifyRequest>(), reply, thrown);
  }
}

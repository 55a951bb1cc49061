import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AppError } from '@lapidary/kernel/app-error';
import { problemContentType, problemOf } from '@lapidary/stamp-sdk/problem';
import type { Logger } from '@lapidary/telemetry/logger';
import { translateError } from './translate-error.js';

/** A database that is away fails every request in the same way; one line a second says it. */
const quietMs = 1_000;

@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly lastLoggedMs = new Map<string, number>();

  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const error = translateError(thrown);
    this.log(error, request.id);
    const reply = http.getResponse<FastifyReply>();
    if (error.retryAfterSeconds !== undefined) void reply.header('retry-after', String(error.retryAfterSeconds));
    void reply.status(error.entry.status).type(problemContentType).send(problemOf(error, request.id));
  }

  private log(error: AppError, requestId: string): void {
    if (error.entry.status < 500) return;
    if (error.code === 'internal') {
      this.logger.error({ err: error.cause, requestId, internal: error.internal }, 'a request failed unexpectedly');
      return;
    }
    const nowMs = performance.now();
    if (nowMs - (this.lastLoggedMs.get(error.code) ?? -quietMs) < quietMs) return;
    this.lastLoggedMs.set(error.code, nowMs);
    this.logger.warn({ requestId, code: error.code, internal: error.internal }, error.message);
  }
}

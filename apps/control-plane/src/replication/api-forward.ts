import { routeTokenHeader } from '@lapidary/contracts/api/routing';
import { z } from 'zod';
import { addressLengthMax } from '@lapidary/contracts/api/common';
import { intentHeader } from '@lapidary/contracts/api/intents';
import { apiForward } from '@lapidary/contracts/subjects';
import { waitSecondsMax } from '@lapidary/contracts/api/jobs';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import type { NatsLink } from '@lapidary/messaging/nats-link';
import type { FastifyRequest } from 'fastify';
import { PrincipalSchema } from '../auth/principal.js';
import { maySpeakFor } from '../auth/spoken-for.js';

/** A region that doesn't answer within this, beyond what the request itself wants to wait, can't be reached. */
export const unreachableAfterMs = 3_000;

/** Clocks of one fleet agree within some 100 ms; what is later than this by another's clock is late. */
const clocksApartMaxMs = 1_000;

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** What travels: the request as its own region's API will see it, and who asks. */
export const ForwardedRequestSchema = z.object({
  /** Region that passes it on; for the log there. */
  from: z.string(),
  method: z.enum(methods),
  /** Path with query. */
  url: z.string().startsWith('/v1/').max(addressLengthMax),
  headers: z.record(z.string(), z.string()),
  body: z.string().nullable(),
  principal: PrincipalSchema,
  /** Milliseconds since 1970, by the clock of `from`, until which it waits for the answer; an older version says nothing of it. */
  until: z.number().int().positive().optional(),
});
export type ForwardedRequest = z.infer<typeof ForwardedRequestSchema>;

export const ForwardedAnswerSchema = z.object({
  status: z.number().int().min(100).max(599),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});
export type ForwardedAnswer = z.infer<typeof ForwardedAnswerSchema>;

/** Headers that mean something to the command; the rest concerns the connection of whoever called. */
export const requestHeaders = [
  'content-type',
  'idempotency-key',
  'if-match',
  'x-request-id',
  'traceparent',
  'tracestate',
  routeTokenHeader,
] as const;
export const answerHeaders = ['content-type', 'etag', 'location', 'retry-after', 'idempotency-replayed', intentHeader] as const;

/** The chosen headers that are there. */
export const pickHeaders = (from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = from[name];
      return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [];
    }),
  );

/** What of a request goes to the region it belongs to. */
export const passedOn = (request: FastifyRequest): { readonly headers: Record<string, string>; readonly body: string | null } => ({
  headers: { ...pickHeaders(request.headers, requestHeaders), 'x-request-id': request.id },
  body: request.body === undefined || request.body === null ? null : JSON.stringify(request.body),
});

/** Whether a question to a region got no answer; it may have been heard all the same. */
export const isUnanswered = (error: unknown): boolean => isAppError(error) && (error.code === 'not_ready' || error.code === 'timeout');

/** A plan is work: a whole fleet's, or one with the real CLI, takes its time (provision-limits.ts has the planner's own limit). */
const planWaitMs = 60_000;
const isPlan = /^\/v1\/(plans|stamps\/[^/]+\/plan)$/;

/** How long the request itself may wait for its answer: `?wait=`, or what a plan may take. */
export const waitOf = (url: string): number => {
  const { pathname, searchParams } = new URL(url, 'http://any');
  if (isPlan.test(pathname) || searchParams.get('dryRun') === 'true') return planWaitMs;
  const seconds = Number(searchParams.get('wait') ?? 0);
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), waitSecondsMax) * 1000 : 0;
};

/**
 * A peer's request in its own name and of who it may speak for; `peer` is what the subject says, and NATS holds each region to its own.
 * Refused before anything of it is executed, audited or looked at; so is what nobody waits for any more: it lay in the queue of a process that stood
 * still or was cut off, and who asked was told that it was not reached.
 */
export const requestOf = (peer: string, request: ForwardedRequest, nowMs = Date.now()): ForwardedRequest => {
  const { from, principal, until } = request;
  if (from !== peer) throw new AppError('forbidden', `Region ${peer} may not speak for ${from}`);
  if (principal.stamp !== undefined || !maySpeakFor(peer, principal.actor))
    throw new AppError('forbidden', `Region ${peer} may not speak for ${JSON.stringify(principal.actor)}`);
  if (until !== undefined && nowMs > until + clocksApartMaxMs)
    throw new AppError('timeout', `The request came ${nowMs - until} ms after region ${peer} had ceased to wait for it`);
  return request;
};

/** As which a request travels: a HEAD as the GET whose headers it wants. Null: no region has anything for such a one. */
export const methodOf = (method: string): ForwardedRequest['method'] | null =>
  method === 'HEAD' ? 'GET' : (methods.find((m) => m === method) ?? null);

/** What was asked for may have been done where it was heard and only the answer is missing. */
const unreachableText = (region: string, { from, method }: ForwardedRequest, cause: unknown): string =>
  method !== 'GET' && isAppError(cause) && cause.code === 'timeout'
    ? `Region ${region} has not answered region ${from} in time: look whether it was done before you ask again`
    : `Region ${region} cannot be reached from region ${from}`;

/** Sends a request to the region it belongs to, over the link to that region's NATS. */
export const forwardTo = async (link: NatsLink, region: string, request: ForwardedRequest): Promise<ForwardedAnswer> => {
  const waitMs = unreachableAfterMs + waitOf(request.url);
  const unreachable = (cause?: unknown): AppError =>
    new AppError('region_unreachable', unreachableText(region, request, cause), {
      cause,
      details: { region },
      retryAfterSeconds: 2,
    });
  if (!link.isConnected) throw unreachable();
  try {
    return await link.requestJson(
      apiForward(region, request.from),
      { ...request, until: Date.now() + waitMs },
      ForwardedAnswerSchema,
      waitMs,
    );
  } catch (error) {
    if (isUnanswered(error)) throw unreachable(error);
    throw error;
  }
};

import { addressLengthMax } from '@lapidary/contracts/api/common';
import { requestIdHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import type { FastifyInstance } from 'fastify';
import type { ControlPlaneMetrics } from '../process/metrics.js';

/**
 * What every answer carries. The console loads nothing from elsewhere and is framed by nobody; inline styles are what
 * its component library sets on elements.
 */
const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; " +
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** Answers of the API hold what the caller may see; caches in between must not keep it. */
const apiPrefix = '/v1/';
const millisecondsPerSecond = 1_000;

export const installHooks = (fastify: FastifyInstance, metrics: ControlPlaneMetrics): void => {
  fastify.addHook('onRequest', async (request, reply) => {
    reply.header(requestIdHeader, request.id);
    reply.headers(securityHeaders);
    if (request.url.startsWith(apiPrefix)) reply.header('cache-control', 'no-store');
    if (request.url.length > addressLengthMax)
      throw new AppError('address_too_long', `An address may have ${addressLengthMax} characters, this one has ${request.url.length}`);
  });
  fastify.addHook('onResponse', async (request, reply) => {
    // The pattern, not the path: a label value per tenant would flood the metrics.
    const route = request.routeOptions.url ?? 'none';
    metrics.lapidary_http_requests_total.inc({ method: request.method, route, status: String(reply.statusCode) });
    metrics.lapidary_http_request_seconds.observe({ method: request.method, route }, reply.elapsedTime / millisecondsPerSecond);
  });
};

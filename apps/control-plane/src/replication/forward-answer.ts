import type { FastifyInstance } from 'fastify';
import { sealPrincipal } from '../auth/forwarded-principal.js';
import { answerHeaders, pickHeaders, requestHeaders, type ForwardedAnswer, type ForwardedRequest } from './api-forward.js';

/**
 * Executes a request that another region passed on, through the same API as any other: validation, roles (asked here
 * again, for this region), idempotency and audit are those of this region.
 */
export const answerForwarded = async (fastify: FastifyInstance, request: ForwardedRequest): Promise<ForwardedAnswer> => {
  const response = await fastify.inject({
    method: request.method,
    url: request.url,
    headers: { ...pickHeaders(request.headers, requestHeaders), accept: 'application/json', ...sealPrincipal(request.principal) },
    ...(request.body === null ? {} : { payload: request.body }),
  });
  return { status: response.statusCode, headers: pickHeaders(response.headers, answerHeaders), body: response.body };
};

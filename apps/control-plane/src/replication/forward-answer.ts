import type { FastifyInstance } from 'fastify';
import type { ClaimedIntent } from '../auth/claimed-intent.js';
import { sealPrincipal } from '../auth/forwarded-principal.js';
import { answerHeaders, pickHeaders, requestHeaders, type ForwardedAnswer, type ForwardedRequest } from './api-forward.js';

/**
 * Executes a request that another region passed on, through the same API as any other: validation, roles (asked here
 * again, for this region), idempotency and audit are those of this region. With `intent`, it is executed as that one, once.
 */
export const answerForwarded = async (
  fastify: FastifyInstance,
  request: Omit<ForwardedRequest, 'from' | 'method'> & { readonly method: string },
  intent: ClaimedIntent | null = null,
): Promise<ForwardedAnswer> => {
  const response = await fastify.inject({
    method: request.method as ForwardedRequest['method'],
    url: request.url,
    headers: { ...pickHeaders(request.headers, requestHeaders), accept: 'application/json', ...sealPrincipal(request.principal, intent) },
    ...(request.body === null ? {} : { payload: request.body }),
  });
  return { status: response.statusCode, headers: pickHeaders(response.headers, answerHeaders), body: response.body };
};

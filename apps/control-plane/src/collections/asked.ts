import type { DocumentQuerySchema } from '@lapidary/contracts/api/collections';
import { tenantHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import '../auth/request-augmentation.js';
import type { Asked } from './scope.js';

export const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
};

/** Who asks about whose documents. The header is what a stamp's agent sets; the query is for people and wins. */
export const askedOf = (request: FastifyRequest, query: z.infer<typeof DocumentQuerySchema>): Asked => {
  if (!request.principal) throw new AppError('unauthenticated');
  return { principal: request.principal, tenant: query.tenant ?? headerOf(request, tenantHeader) };
};

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { readTenantContext } from '@lapidary/stamp-sdk/tenant-context';

/** The tenant that the stamp agent vouches for; a request without one is refused before the handler runs. */
export const Tenant = createParamDecorator((_: undefined, context: ExecutionContext) =>
  readTenantContext(context.switchToHttp().getRequest<FastifyRequest>().headers),
);

import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { AppError } from '@lapidary/kernel/app-error';
import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import './request-augmentation.js';
import { CONFIG } from '../process/tokens.js';
import { requireRole } from './principal.js';

const publicKey = 'lapidary:public';

/** For health checks, metrics and the like: needs no credentials. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(publicKey, true);

const stampsTooKey = 'lapidary:stamps-too';

/** Open to tokens of stamps too; the handler itself limits them to their tenants. */
export const StampsToo = (): MethodDecorator & ClassDecorator => SetMetadata(stampsTooKey, true);

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Reading takes a viewer of any region (replicas of all regions are here). Writing takes an operator of this region:
 * a command for another region's key is executed by that region's geode, which asks the same question there.
 */
@Injectable()
export class RoleGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.getAllAndOverride<boolean | undefined>(publicKey, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (!request.principal) throw new AppError('unauthenticated');
    if (request.principal.stamp !== undefined) {
      if (this.reflector.getAllAndOverride<boolean | undefined>(stampsTooKey, [context.getHandler(), context.getClass()])) return true;
      throw new AppError('forbidden', 'The token of a stamp’s workload reaches documents of collections only');
    }
    if (safeMethods.has(request.method)) requireRole(request.principal, 'viewer');
    else requireRole(request.principal, 'operator', this.config.LAPIDARY_REGION);
    return true;
  }
}

import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  RouteExplanationSchema,
  RouteQuerySchema,
  routeTokenCharsMax,
  routeTokenHeader,
  type RouteExplanation,
} from '@lapidary/contracts/api/routing';
import { routerExplain } from '@lapidary/contracts/subjects';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { Controller, Get, Headers, Inject, Query } from '@nestjs/common';
import type { z } from 'zod';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG, NATS } from '../process/tokens.js';

/** A router answers from memory. */
const answerMs = 2_000;

/** A question about another region is forwarded there before it comes here (replication/forward-hook.ts). */
@Controller('v1/route')
export class RouteController {
  constructor(
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
    @Inject(NATS) private readonly nats: NatsLink,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'What a router would do with a request now, and why',
    tag: 'routing',
    answers: { 200: RouteExplanationSchema },
    headers: { [routeTokenHeader]: 'JSON Web Token that the request would have, without "Bearer"' },
  })
  async explain(
    @Query({ schema: RouteQuerySchema }) { host, path, region }: z.infer<typeof RouteQuerySchema>,
    @Headers(routeTokenHeader) token: string | undefined,
  ): Promise<RouteExplanation> {
    const own = this.config.LAPIDARY_REGION;
    if (region !== undefined && region !== own) throw new AppError('unknown_region', `There is no link to a region ${region}`);
    if (token !== undefined && token.length > routeTokenCharsMax) throw new AppError('invalid_input', 'The token is too long');
    try {
      return await this.nats.requestJson(routerExplain(own), { host, path, token }, RouteExplanationSchema, answerMs);
    } catch (error) {
      if (isAppError(error) && error.code === 'not_ready')
        throw new AppError('not_ready', `No router of region ${own} is connected`, { cause: error, retryAfterSeconds: 1 });
      throw error;
    }
  }
}

import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { ProblemSchema } from '@lapidary/contracts/api/common';
import { AppError } from '@lapidary/kernel/app-error';
import { isErrorCode } from '@lapidary/kernel/error-catalogue';
import { newId } from '@lapidary/kernel/ids';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { everyRegion } from '@lapidary/contracts/api/tokens';
import { CONFIG } from '../process/tokens.js';
import type { ForwardedAnswer } from '../replication/api-forward.js';
import { ReplicationWorker } from '../replication/replication-worker.js';

export interface RegionRequest<T extends z.ZodType> {
  readonly rollout: string;
  readonly method: 'GET' | 'POST';
  /** Path with query. */
  readonly path: string;
  readonly body?: unknown;
  /** Asked again under the same key, the region gives its first answer (I8). */
  readonly idempotencyKey?: string;
  readonly answer: T;
}

/**
 * The API of any region, as a roll-out uses it: own stamps are changed through the same door as another region's, so
 * that there is one way and it is always the tested one.
 */
@Injectable()
export class RegionApi {
  constructor(
    private readonly replication: ReplicationWorker,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  async ask<T extends z.ZodType>(region: string, request: RegionRequest<T>): Promise<z.infer<T>> {
    const { rollout, method, path, body, idempotencyKey, answer } = request;
    const reply = await this.replication.ask(region, {
      from: this.config.LAPIDARY_REGION,
      method,
      url: path,
      headers: {
        'x-request-id': newId(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      // Whoever started it was an operator of every region that it touches (start-rollout.ts).
      principal: { actor: `rollout:${rollout}`, bindings: [{ role: 'operator', region: everyRegion }], via: 'peer' },
    });
    if (reply.status >= 400) throw problemOf(region, reply);
    return answer.parse(JSON.parse(reply.body));
  }
}

const problemOf = (region: string, { status, body }: ForwardedAnswer): AppError => {
  const problem = ProblemSchema.safeParse(parsed(body)).data;
  if (problem && isErrorCode(problem.code))
    return new AppError(problem.code, problem.detail, problem.details ? { details: problem.details } : {});
  return new AppError('internal', undefined, { internal: `region ${region} answered ${status}` });
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

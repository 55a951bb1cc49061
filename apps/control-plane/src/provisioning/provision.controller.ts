import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { StampNameSchema } from '@lapidary/contracts/api/common';
import { JobSchema, type JobView } from '@lapidary/contracts/api/jobs';
import { ProvisionPlanSchema, ProvisionQuerySchema, type ProvisionPlan } from '@lapidary/contracts/api/provisioning';
import { ProvisionRequestSchema, type ProvisionRequest } from '@lapidary/contracts/api/stamps';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { JobDefinitions } from '../jobs/job-definition.js';
import { JobQueue } from '../jobs/job-queue.js';
import { viewOf } from '../jobs/job-view.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { Plans } from './plans.js';
import { provisionStamp } from './provision-command.js';

@Controller('v1/stamps')
export class ProvisionController {
  constructor(
    private readonly runner: CommandRunner,
    private readonly clock: HybridLogicalClock,
    private readonly definitions: JobDefinitions,
    private readonly queue: JobQueue,
    private readonly plans: Plans,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Post(':name/provision')
  @HttpCode(202)
  @ApiAnswers({
    summary: 'Build a stamp, or bring one up to date',
    description:
      'Answers with the job, which is at Location. With dryRun=true nothing is written and the plan is answered, resource by resource.',
    tag: 'stamps',
    answers: { 200: ProvisionPlanSchema, 202: JobSchema },
    idempotent: true,
  })
  async provision(
    @Param('name', { schema: StampNameSchema }) name: string,
    @Query({ schema: ProvisionQuerySchema }) query: z.infer<typeof ProvisionQuerySchema>,
    @Body({ schema: ProvisionRequestSchema.nullish() }) body: ProvisionRequest | null | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView | ProvisionPlan> {
    if (query.dryRun) {
      reply.status(200);
      return await this.plans.plan(name, body ?? {});
    }
    const { config, clock, queue } = this;
    const definition = this.definitions.find('provision');
    if (!definition) throw new AppError('internal', undefined, { internal: 'no definition of provision jobs' });
    const answer = await this.runner.run(request, async (tx, context) => {
      const job = await provisionStamp(tx, context, { config, clock, queue, definition }, name, body ?? {});
      return { status: 202, body: await viewOf(tx, job), headers: { location: `/v1/jobs/${job.id}` } };
    });
    return send(reply, answer);
  }
}

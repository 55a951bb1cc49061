import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { StampNameSchema } from '@lapidary/contracts/api/common';
import { JobSchema, type JobView } from '@lapidary/contracts/api/jobs';
import { RetirePlanSchema, RetireStampSchema, type RetirePlan } from '@lapidary/contracts/api/retirement';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { JobDefinitions, type JobDefinition } from '../jobs/job-definition.js';
import { JobQueue } from '../jobs/job-queue.js';
import { viewOf } from '../jobs/job-view.js';
import { CONFIG } from '../process/tokens.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { planRetirement, retireStamp } from './retire-command.js';

@Controller('v1/stamps')
export class RetireController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly clock: HybridLogicalClock,
    private readonly definitions: JobDefinitions,
    private readonly queue: JobQueue,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get(':name/retirement')
  @ApiAnswers({
    summary: 'What retiring a stamp would do, and what stands in its way',
    tag: 'stamps',
    answers: { 200: RetirePlanSchema },
  })
  async plan(@Param('name', { schema: StampNameSchema }) name: string): Promise<RetirePlan> {
    return await planRetirement(this.dataSource, this.definition, name);
  }

  @Post(':name/retire')
  @HttpCode(202)
  @ApiAnswers({
    summary: 'Take an empty stamp down for good',
    description:
      'Refused with the list of what remains while anything depends on it (I9). Answers with the job, which can be cancelled until it begins to take resources away.',
    tag: 'stamps',
    answers: { 202: JobSchema },
    idempotent: true,
  })
  async retire(
    @Param('name', { schema: StampNameSchema }) name: string,
    @Body({ schema: RetireStampSchema }) body: z.infer<typeof RetireStampSchema>,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    const { clock, config, queue, definition } = this;
    const answer = await this.runner.run(request, async (tx, context) => {
      const job = await retireStamp(
        tx,
        context,
        { clock, config, queue, definition },
        { name, confirm: body.confirm, snapshot: body.snapshot },
      );
      return { status: 202, body: await viewOf(tx, job), headers: { location: `/v1/jobs/${job.id}` } };
    });
    return send(reply, answer);
  }

  private get definition(): JobDefinition {
    const definition = this.definitions.find('decommission');
    if (!definition) throw new AppError('internal', undefined, { internal: 'no definition of decommission jobs' });
    return definition;
  }
}

import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { StampNameSchema } from '@lapidary/contracts/api/common';
import {
  StampChangeAcceptedSchema,
  StampChangeSchema,
  StampReleaseSchema,
  type StampChange,
  type StampChangeAccepted,
} from '@lapidary/contracts/api/rollouts';
import { StampSchema, type StampView } from '@lapidary/contracts/api/stamps';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { JobDefinitions } from '../jobs/job-definition.js';
import { JobQueue } from '../jobs/job-queue.js';
import { viewOf } from '../jobs/job-view.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { refuseUnknownTemplate } from '../provisioning/installed-templates.js';
import { provisionStamp } from '../provisioning/provision-command.js';
import { holdForRollout, releaseFromRollout } from '../stamps/hold-stamp.js';

/** What the region of a stamp does for a roll-out, whichever region coordinates that. */
@Controller('v1/stamps')
export class StampChangeController {
  constructor(
    private readonly runner: CommandRunner,
    private readonly clock: HybridLogicalClock,
    private readonly definitions: JobDefinitions,
    private readonly queue: JobQueue,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Post(':name/rollout')
  @HttpCode(202)
  @ApiAnswers({
    summary: 'Hold a stamp for a roll-out and bring it to a version',
    description: 'Hold and job commit together. Asked by the region that coordinates the roll-out alone; people use POST /v1/rollouts.',
    tag: 'rollouts',
    answers: { 202: StampChangeAcceptedSchema },
    idempotent: true,
  })
  async change(
    @Param('name', { schema: StampNameSchema }) name: string,
    @Body({ schema: StampChangeSchema }) body: StampChange,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StampChangeAccepted> {
    const { config, clock, queue } = this;
    // A hold for a roll-out that nobody coordinates would be lifted by nobody.
    if (principal?.actor !== `rollout:${body.rollout}`)
      throw new AppError('forbidden', 'A stamp is held by the region that coordinates the roll-out: begin one with POST /v1/rollouts');
    const definition = this.definitions.find('provision');
    if (!definition) throw new AppError('internal', undefined, { internal: 'no definition of provision jobs' });
    const { rollout, kind, version } = body;
    const answer = await this.runner.run(request, async (tx, context) => {
      const [workloadVersion, templateVersion] = kind === 'workload' ? [version, null] : [null, version];
      if (templateVersion !== null) refuseUnknownTemplate(config, templateVersion);
      const before = await holdForRollout(tx, context, clock, { name, rollout, workloadVersion, templateVersion });
      const job = await provisionStamp(tx, context, { config, clock, queue, definition }, name, {});
      const fromVersion = kind === 'workload' ? before.workload_version : before.template_version;
      return { status: 202, body: { job: await viewOf(tx, job), fromVersion }, headers: { location: `/v1/jobs/${job.id}` } };
    });
    return send(reply, answer);
  }

  @Post(':name/rollout/release')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Lift the hold of a roll-out; a person’s cordon stays',
    tag: 'rollouts',
    answers: { 200: StampSchema },
    idempotent: true,
  })
  async release(
    @Param('name', { schema: StampNameSchema }) name: string,
    @Body({ schema: StampReleaseSchema }) { rollout }: z.infer<typeof StampReleaseSchema>,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StampView> {
    const answer = await this.runner.run(request, async (tx, context) => ({
      status: 200,
      body: await releaseFromRollout(tx, context, this.clock, name, rollout),
    }));
    return send(reply, answer);
  }
}

import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  GivenUpRolloutSchema,
  RolloutCommandSchema,
  RolloutEventsQuerySchema,
  RolloutEventsSchema,
  RolloutIdSchema,
  RolloutListQuerySchema,
  RolloutPageSchema,
  RolloutPlanSchema,
  RolloutSchema,
  rolloutVerbs,
  StartRolloutQuerySchema,
  StartRolloutSchema,
  type GivenUpRollout,
  type RolloutEvents,
  type RolloutPlan,
  type RolloutVerb,
  type RolloutView,
  type StartRollout,
} from '@lapidary/contracts/api/rollouts';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { regionOfRollout } from '@lapidary/kernel/names';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { requireRole } from '../auth/principal.js';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { refuseUnknownTemplate } from '../provisioning/installed-templates.js';
import { changeRollout } from './change-rollout.js';
import { giveUpLost, lostRollout } from './give-up-lost.js';
import { copyOf, giveUp, refuseWhileHeard } from './given-up.js';
import { RegionApi } from './region-api.js';
import { findRollout, readLines } from './rollout-rows.js';
import { listRollouts, rolloutViewOf } from './rollout-view.js';
import { describeRollout, prepareRollout, startRollout } from './start-rollout.js';
import { applyVerb } from './verbs.js';

/** Lines per answer; a whole roll-out over a large fleet has some hundreds. */
const linesMax = 1_000;

@Controller('v1/rollouts')
export class RolloutsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly clock: HybridLogicalClock,
    private readonly api: RegionApi,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Post()
  @HttpCode(201)
  @ApiAnswers({
    summary: 'Roll out a version, wave by wave; it stops itself and takes back the wave that fails',
    description:
      'Coordinated by the region that is asked. With dryRun=true only the waves are planned. Takes an operator of every region that is named, or of all where none is.',
    tag: 'rollouts',
    answers: { 200: RolloutPlanSchema, 201: RolloutSchema },
    idempotent: true,
  })
  async start(
    @Query({ schema: StartRolloutQuerySchema }) query: z.infer<typeof StartRolloutQuerySchema>,
    @Body({ schema: StartRolloutSchema }) body: StartRollout,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RolloutView | RolloutPlan> {
    if (body.template) refuseUnknownTemplate(this.config, body.template.version);
    const planned = await prepareRollout(this.dataSource, body, 'planned', Date.now());
    // Of every region that it may reach: a stamp that is built there meanwhile joins it (step/adopt-fleet.ts).
    for (const region of planned.regions) requireRole(principal!, 'operator', region);
    if (query.dryRun) {
      reply.status(200);
      return describeRollout(planned);
    }
    const answer = await this.runner.run(request, async (tx, context) => {
      const rollout = await startRollout(tx, context, this.clock, body, Date.now());
      return { status: 201, body: rollout, headers: { location: `/v1/rollouts/${rollout.id}` } };
    });
    return send(reply, answer);
  }

  @Get()
  @ApiAnswers({ summary: 'List roll-outs of all regions, the newest first', tag: 'rollouts', answers: { 200: RolloutPageSchema } })
  async list(
    @Query({ schema: RolloutListQuerySchema }) query: z.infer<typeof RolloutListQuerySchema>,
  ): Promise<z.infer<typeof RolloutPageSchema>> {
    const views = await listRollouts(this.dataSource, { ...query, after: decodeCursor(query.cursor) });
    const items = views.slice(0, query.limit);
    const last = items.at(-1);
    return { items, next: views.length > items.length && last ? encodeCursor(last.id) : null };
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a roll-out with its waves, stamps and verdicts', tag: 'rollouts', answers: { 200: RolloutSchema } })
  async show(@Param('id', { schema: RolloutIdSchema }) id: string): Promise<RolloutView> {
    const stored = await findRollout(this.dataSource, id);
    if (!stored) throw new AppError('not_found', `There is no roll-out ${id}`);
    return rolloutViewOf(stored);
  }

  @Get(':id/events')
  @ApiAnswers({ summary: 'What a roll-out did and why, line by line', tag: 'rollouts', answers: { 200: RolloutEventsSchema } })
  async events(
    @Param('id', { schema: RolloutIdSchema }) id: string,
    @Query({ schema: RolloutEventsQuerySchema }) { after }: z.infer<typeof RolloutEventsQuerySchema>,
  ): Promise<RolloutEvents> {
    await this.show(id);
    return { items: await readLines(this.dataSource, id, after, linesMax) };
  }

  @Post(':id/give-up')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Give up a roll-out whose region is lost: what it holds is let go everywhere, and another one may begin',
    description:
      'Handled where it is asked, and refused while the region that coordinates it answers. Each stamp keeps what it has. The region, should it come back, ends it.',
    tag: 'rollouts',
    answers: { 200: GivenUpRolloutSchema },
    idempotent: true,
  })
  async giveUp(
    @Param('id', { schema: RolloutIdSchema }) id: string,
    @Body({ schema: RolloutCommandSchema.nullish() }) _body: z.infer<typeof RolloutCommandSchema> | null | undefined,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<GivenUpRollout> {
    const { stamps, regions } = await copyOf(this.dataSource, id);
    for (const region of new Set([...regions, ...stamps.map((s) => s.region)])) requireRole(principal!, 'operator', region);
    await refuseWhileHeard(this.api, id);
    const answer = await this.runner.run(request, async (tx, context) => ({
      status: 200,
      body: await giveUp(tx, context, this.clock, id),
    }));
    return send(reply, answer);
  }

  @Post(':id/:verb')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Tell a roll-out to go on or to end: approve, pause, resume, abort, rollback',
    description:
      'approve starts a wave that waits for it, or accepts one that can’t be judged. abort leaves each stamp what it has, and gives up one that was lost with what its region held before a restore; rollback takes every changed stamp back.',
    tag: 'rollouts',
    answers: { 200: RolloutSchema },
    idempotent: true,
  })
  async tell(
    @Param('id', { schema: RolloutIdSchema }) id: string,
    @Param('verb', { schema: z.enum(rolloutVerbs) }) verb: RolloutVerb,
    @Body({ schema: RolloutCommandSchema.nullish() }) _body: z.infer<typeof RolloutCommandSchema> | null | undefined,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RolloutView> {
    const lost = verb === 'abort' && !(await findRollout(this.dataSource, id)) ? await this.lost(id) : null;
    const { stamps, regions } = lost ?? (await this.show(id));
    for (const region of new Set([...regions, ...stamps.map((s) => s.region)])) requireRole(principal!, 'operator', region);
    const answer = await this.runner.run(request, async (tx, context) => {
      if (lost) return { status: 200, body: await giveUpLost(tx, context, this.clock, lost) };
      const move = (before: Parameters<typeof applyVerb>[0]): ReturnType<typeof applyVerb> =>
        applyVerb(before, verb, context.actor, context.reason, Date.now());
      return { status: 200, body: await changeRollout(tx, context, this.clock, id, verb, move) };
    });
    return send(reply, answer);
  }

  /** Of this region, and yet not known here: as other regions have it. */
  private async lost(id: string): Promise<RolloutView | null> {
    return regionOfRollout(id) === this.config.LAPIDARY_REGION ? await lostRollout(this.api, peersOf(this.config), id) : null;
  }
}

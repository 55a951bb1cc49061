import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  DriftIdSchema,
  DriftRunListQuerySchema,
  DriftRunPageSchema,
  DriftRunRequestSchema,
  DriftRunSchema,
  DriftStatusSchema,
  DriftTrendQuerySchema,
  DriftTrendSchema,
  RepairRequestSchema,
  type DriftRunRequest,
  type DriftRunView,
  type DriftStatus,
  type DriftTrend,
  type RepairRequest,
} from '@lapidary/contracts/api/drift';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { AppError } from '@lapidary/kernel/app-error';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../audit/record-audit.js';
import '../auth/request-augmentation.js';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { refuseOtherRegion } from './own-region.js';
import { CONFIG } from '../process/tokens.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { getStamp } from '../stamps/stamp-store.js';
import { readDriftStatus } from './drift-status.js';
import { getFinding } from './finding-rows.js';
import { shownTo } from './shown-paths.js';
import { readTrend } from './trend.js';
import { getRun, listRuns, queueRun, runViewOf } from './run-rows.js';

const StatusQuerySchema = z.object({ region: RegionNameSchema.optional() });

@Controller('v1/drift')
export class DriftRunsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({ summary: 'Drift of one region at a glance', tag: 'drift', answers: { 200: DriftStatusSchema } })
  async status(@Query({ schema: StatusQuerySchema }) query: z.infer<typeof StatusQuerySchema>): Promise<DriftStatus> {
    refuseOtherRegion(this.config, query.region);
    return await readDriftStatus(this.dataSource, this.config.LAPIDARY_REGION, this.config.LAPIDARY_DRIFT_INTERVAL_MS);
  }

  @Get('trend')
  @ApiAnswers({ summary: 'How drift of one region went, day by day', tag: 'drift', answers: { 200: DriftTrendSchema } })
  async trend(@Query({ schema: DriftTrendQuerySchema }) query: z.infer<typeof DriftTrendQuerySchema>): Promise<DriftTrend> {
    refuseOtherRegion(this.config, query.region);
    return await readTrend(this.dataSource, this.config.LAPIDARY_REGION, query.days);
  }

  @Get('runs')
  @ApiAnswers({ summary: 'List runs of the drift sensors, the newest first', tag: 'drift', answers: { 200: DriftRunPageSchema } })
  async list(
    @Query({ schema: DriftRunListQuerySchema }) query: z.infer<typeof DriftRunListQuerySchema>,
    @Req() request: FastifyRequest,
  ): Promise<z.infer<typeof DriftRunPageSchema>> {
    refuseOtherRegion(this.config, query.region);
    const rows = await listRuns(this.dataSource, { before: decodeCursor(query.cursor), limit: query.limit });
    const page = pageFrom(rows, query.limit, (row) => row.id, runViewOf);
    return { ...page, items: await Promise.all(page.items.map(async (run) => await this.shown(request, run))) };
  }

  @Get('runs/:id')
  @ApiAnswers({ summary: 'Show a run with the reports of its sensors', tag: 'drift', answers: { 200: DriftRunSchema } })
  async show(@Param('id', { schema: DriftIdSchema }) id: string, @Req() request: FastifyRequest): Promise<DriftRunView> {
    return await this.shown(request, runViewOf(await getRun(this.dataSource, id)));
  }

  @Post('runs')
  @HttpCode(202)
  @ApiAnswers({
    summary: 'Look for drift now',
    description: 'While a run of the same extent waits to begin, that one is answered.',
    tag: 'drift',
    answers: { 202: DriftRunSchema },
    idempotent: true,
  })
  async run(
    @Body({ schema: DriftRunRequestSchema.nullish() }) body: DriftRunRequest | null | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DriftRunView> {
    const answer = await this.runner.run(request, async (tx, context) => {
      const stamp = body?.stamp ?? null;
      if (body?.region !== undefined) assertOwnRegion(context, body.region, `drift of region ${body.region}`);
      if (stamp !== null) assertOwnRegion(context, (await getStamp(tx, stamp)).region, `stamp ${stamp}`);
      const { run, isNew } = await queueRun(tx, context, 'request', stamp);
      if (isNew) await recordAudit(tx, context, 'drift.run', `drift/${run.id}`, { stamp });
      return { status: 202, body: runViewOf(run), headers: { location: `/v1/drift/runs/${run.id}` } };
    });
    return send(reply, answer);
  }

  @Post('repairs')
  @HttpCode(202)
  @ApiAnswers({
    summary: 'Put documents right that differ from another region’s, or are corrupt',
    description: 'Queues a run that merges what the peers have, and looks again. Nothing is overwritten; with dryRun it is taken back.',
    tag: 'drift',
    answers: { 202: DriftRunSchema },
    idempotent: true,
  })
  async repair(
    @Body({ schema: RepairRequestSchema.nullish() }) body: RepairRequest | null | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DriftRunView> {
    const { reason: _, ...repair } = RepairRequestSchema.parse(body ?? {});
    if (this.config.LAPIDARY_DRIFT_REPAIR === 'off')
      throw new AppError('forbidden', 'Repairs are switched off in this region (LAPIDARY_DRIFT_REPAIR=off)');
    const answer = await this.runner.run(request, async (tx, context) => {
      if (repair.region !== undefined) assertOwnRegion(context, repair.region, `drift of region ${repair.region}`);
      if (repair.finding !== undefined) await getFinding(tx, repair.finding);
      const { run, isNew } = await queueRun(tx, context, 'request', null, repair);
      if (isNew) await recordAudit(tx, context, 'drift.repair', `drift/${run.id}`, repair);
      return { status: 202, body: runViewOf(run), headers: { location: `/v1/drift/runs/${run.id}` } };
    });
    return send(reply, answer);
  }

  private async shown({ principal }: FastifyRequest, run: DriftRunView): Promise<DriftRunView> {
    return { ...run, repairs: await shownTo(this.dataSource, principal, this.config.LAPIDARY_REGION, run.repairs) };
  }
}

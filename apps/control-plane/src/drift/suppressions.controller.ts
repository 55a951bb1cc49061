import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  DriftIdSchema,
  SuppressionListQuerySchema,
  SuppressionPageSchema,
  SuppressionRequestSchema,
  SuppressionSchema,
  type SuppressionRequest,
  type SuppressionView,
} from '@lapidary/contracts/api/drift';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import '../auth/request-augmentation.js';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { refuseOtherRegion } from './own-region.js';
import { CONFIG } from '../process/tokens.js';
import { shownTo } from './shown-paths.js';
import { getSuppression, lift, listSuppressions, suppress, suppressionViewOf } from './suppressions.js';

@Controller('v1/drift/suppressions')
export class SuppressionsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly clock: HybridLogicalClock,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({ summary: 'List suppressions of one region, the newest first', tag: 'drift', answers: { 200: SuppressionPageSchema } })
  async list(
    @Query({ schema: SuppressionListQuerySchema }) query: z.infer<typeof SuppressionListQuerySchema>,
    @Req() request: FastifyRequest,
  ): Promise<z.infer<typeof SuppressionPageSchema>> {
    refuseOtherRegion(this.config, query.region);
    const rows = await listSuppressions(this.dataSource, { ...query, before: decodeCursor(query.cursor) });
    const page = pageFrom(rows, query.limit, (row) => row.id, suppressionViewOf);
    return { ...page, items: await this.shown(request, page.items) };
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a suppression', tag: 'drift', answers: { 200: SuppressionSchema } })
  async show(@Param('id', { schema: DriftIdSchema }) id: string, @Req() request: FastifyRequest): Promise<SuppressionView> {
    return await this.shownOne(request, suppressionViewOf(await getSuppression(this.dataSource, id)));
  }

  @Post()
  @HttpCode(201)
  @ApiAnswers({
    summary: 'Hide a finding, or a kind of findings about a subject, until a certain time',
    tag: 'drift',
    answers: { 201: SuppressionSchema },
    idempotent: true,
  })
  async create(
    @Body({ schema: SuppressionRequestSchema }) body: SuppressionRequest,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SuppressionView> {
    const answer = await this.runner.run(command, async (tx, context) => {
      const suppression = await suppress(tx, context, this.clock, body);
      return { status: 201, body: suppression, headers: { location: `/v1/drift/suppressions/${suppression.id}` } };
    });
    return await this.shownOne(request, send(reply, answer));
  }

  @Delete(':id')
  @HttpCode(200)
  @ApiAnswers({ summary: 'End a suppression now; it stays on record', tag: 'drift', answers: { 200: SuppressionSchema } })
  async end(
    @Param('id', { schema: DriftIdSchema }) id: string,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SuppressionView> {
    const answer = await this.runner.run(command, async (tx, context) => ({ status: 200, body: await lift(tx, context, this.clock, id) }));
    return await this.shownOne(request, send(reply, answer));
  }

  private async shown({ principal }: FastifyRequest, views: readonly SuppressionView[]): Promise<SuppressionView[]> {
    return await shownTo(this.dataSource, principal, this.config.LAPIDARY_REGION, views);
  }

  private async shownOne(request: FastifyRequest, view: SuppressionView): Promise<SuppressionView> {
    return (await this.shown(request, [view]))[0]!;
  }
}

import { StampNameSchema } from '@lapidary/contracts/api/common';
import {
  CordonRequestSchema,
  StampListQuerySchema,
  StampPageSchema,
  StampSchema,
  UncordonRequestSchema,
  type StampView,
} from '@lapidary/contracts/api/stamps';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { etagOf } from '../http/etag.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { setCordon, type CordonChange } from './cordon-stamp.js';
import { stampViewOf } from './stamp-row.js';
import { getStamp, listStamps } from './stamp-store.js';

@Controller('v1/stamps')
export class StampsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly clock: HybridLogicalClock,
  ) {}

  @Get()
  @ApiAnswers({ summary: 'List stamps of all regions', tag: 'stamps', answers: { 200: StampPageSchema } })
  async list(
    @Query({ schema: StampListQuerySchema }) query: z.infer<typeof StampListQuerySchema>,
  ): Promise<z.infer<typeof StampPageSchema>> {
    const rows = await listStamps(this.dataSource, { ...query, after: decodeCursor(query.cursor) });
    return pageFrom(rows, query.limit, (row) => row.name, stampViewOf);
  }

  @Get(':name')
  @ApiAnswers({ summary: 'Show a stamp', tag: 'stamps', answers: { 200: StampSchema } })
  async show(
    @Param('name', { schema: StampNameSchema }) name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StampView> {
    const stamp = stampViewOf(await getStamp(this.dataSource, name));
    reply.header('etag', etagOf(stamp.version));
    return stamp;
  }

  @Post(':name/cordon')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Place no new tenants on a stamp',
    tag: 'stamps',
    answers: { 200: StampSchema },
    idempotent: true,
    conditional: true,
  })
  async cordon(
    @Param('name', { schema: StampNameSchema }) name: string,
    @Body({ schema: CordonRequestSchema }) body: z.infer<typeof CordonRequestSchema>,
    @Headers('if-match') ifMatch: string | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StampView> {
    return await this.change(request, reply, { name, cordoned: true, reason: body.reason, ifMatch });
  }

  @Post(':name/uncordon')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Place tenants on a stamp again',
    tag: 'stamps',
    answers: { 200: StampSchema },
    idempotent: true,
    conditional: true,
  })
  async uncordon(
    @Param('name', { schema: StampNameSchema }) name: string,
    @Body({ schema: UncordonRequestSchema.optional() }) _body: z.infer<typeof UncordonRequestSchema> | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StampView> {
    return await this.change(request, reply, { name, cordoned: false, reason: null, ifMatch });
  }

  private async change(request: CommandRequest, reply: FastifyReply, change: CordonChange): Promise<StampView> {
    const answer = await this.runner.run(request, async (tx, context) => {
      const stamp = await setCordon(tx, context, this.clock, change);
      return { status: 200, body: stamp, headers: { etag: etagOf(stamp.version) } };
    });
    return send(reply, answer);
  }
}

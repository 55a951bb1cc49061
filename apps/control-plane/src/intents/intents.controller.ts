import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  CancelIntentSchema,
  IntentDetailSchema,
  IntentIdSchema,
  IntentListQuerySchema,
  IntentPageSchema,
  IntentSchema,
  type IntentDetail,
  type IntentView,
} from '@lapidary/contracts/api/intents';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { cancelIntent } from './cancel-intent.js';
import { intentDetailOf, intentViewOf } from './intent-row.js';
import { getIntent, listIntents } from './intent-store.js';

@Controller('v1/intents')
export class IntentsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'List requests that wait for another region, the newest first',
    description:
      'A command for a region that cannot be reached is answered with 202 and queued here, unless the request says x-lapidary-if-unreachable: refuse; x-lapidary-intent-seconds says for how long (a day without it).',
    tag: 'replication',
    answers: { 200: IntentPageSchema },
  })
  async list(
    @Query({ schema: IntentListQuerySchema }) query: z.infer<typeof IntentListQuerySchema>,
  ): Promise<z.infer<typeof IntentPageSchema>> {
    const rows = await listIntents(this.dataSource, { ...query, before: decodeCursor(query.cursor) });
    return pageFrom(
      rows,
      query.limit,
      (row) => row.id,
      (row) => intentViewOf(row, this.region),
    );
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show an intent, with its request and the answer', tag: 'replication', answers: { 200: IntentDetailSchema } })
  async show(@Param('id', { schema: IntentIdSchema }) id: string): Promise<IntentDetail> {
    return intentDetailOf(await getIntent(this.dataSource, id), this.region);
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Take an intent back',
    description:
      'At once where nothing was sent yet; else the owner decides whether it was faster, and the state is "cancelling" until it has.',
    tag: 'replication',
    answers: { 200: IntentSchema },
    idempotent: true,
  })
  async cancel(
    @Param('id', { schema: IntentIdSchema }) id: string,
    @Body({ schema: CancelIntentSchema.nullish() }) _body: z.infer<typeof CancelIntentSchema> | null | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IntentView> {
    const answer = await this.runner.run(request, async (tx, context) => ({
      status: 200,
      body: intentViewOf(await cancelIntent(tx, context, id), this.region),
    }));
    return send(reply, answer);
  }

  private get region(): string {
    return this.config.LAPIDARY_REGION;
  }
}

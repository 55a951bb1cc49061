import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  EventDeadLetterDetailSchema,
  EventDeadLetterIdSchema,
  EventDeadLetterListQuerySchema,
  EventDeadLetterPageSchema,
  EventDeadLetterSchema,
  DropRequestSchema,
  ReplayQuerySchema,
  ReplayResultSchema,
  type EventDeadLetterDetail,
  type EventDeadLetterView,
  type ReplayResult,
} from '@lapidary/contracts/api/replication';
import { NatsLink } from '@lapidary/messaging/nats-link';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { publishLive } from '../live/live-event.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG, NATS } from '../process/tokens.js';
import '../auth/request-augmentation.js';
import { subjectsShownTo, valuesWithheldFrom } from '../residency/shown-values.js';
import { deadLetterViewOf, getDeadLetter, listDeadLetters } from './dead-letter-row.js';
import { ReplicationTools } from './replication-tools.js';
import { dropDeadLetter, replayDeadLetter } from './settle-dead-letter.js';

@Controller('v1/dead-letters')
export class DeadLettersController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly tools: ReplicationTools,
    @Inject(NATS) private readonly nats: NatsLink,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'List events of other regions that could not be applied here, the newest first',
    tag: 'replication',
    answers: { 200: EventDeadLetterPageSchema },
  })
  async list(
    @Query({ schema: EventDeadLetterListQuerySchema }) query: z.infer<typeof EventDeadLetterListQuerySchema>,
    @Req() { principal }: FastifyRequest,
  ): Promise<z.infer<typeof EventDeadLetterPageSchema>> {
    const rows = await listDeadLetters(this.dataSource, { ...query, before: decodeCursor(query.cursor) });
    return pageFrom(
      await subjectsShownTo(this.dataSource, principal, rows, query.subject),
      query.limit,
      (row) => row.id,
      (row) => deadLetterViewOf(row, this.region),
    );
  }

  @Get(':id')
  @ApiAnswers({
    summary: 'Show a dead letter with the event as it came',
    tag: 'replication',
    answers: { 200: EventDeadLetterDetailSchema },
  })
  async show(@Param('id', { schema: EventDeadLetterIdSchema }) id: string, @Req() request: FastifyRequest): Promise<EventDeadLetterDetail> {
    const row = await getDeadLetter(this.dataSource, id);
    const { type, data } = (row.event ?? {}) as { type?: unknown; data?: { tenant?: unknown } | null };
    // One that nobody can read may be about any tenant's document.
    const isDocument = typeof type !== 'string' || type.startsWith('lapidary.document.');
    const tenants = isDocument ? [typeof data?.tenant === 'string' ? data.tenant : 'unreadable'] : [];
    const hidden = await valuesWithheldFrom(this.dataSource, request.principal, this.region, tenants);
    const [shown] = await subjectsShownTo(this.dataSource, request.principal, [row]);
    return { ...deadLetterViewOf(shown!, this.region), event: hidden.size > 0 ? { type, withheld: true } : row.event };
  }

  @Post(':id/replay')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Try a dead letter again',
    description: 'Answers with what came of it. One that is refused again stays open. With dryRun=true nothing is kept.',
    tag: 'replication',
    answers: { 200: ReplayResultSchema },
    idempotent: true,
  })
  async replay(
    @Param('id', { schema: EventDeadLetterIdSchema }) id: string,
    @Query({ schema: ReplayQuerySchema }) { dryRun }: z.infer<typeof ReplayQuerySchema>,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReplayResult> {
    // Known only after the commit: a view must not show what was rolled back.
    let tell: () => void = () => undefined;
    // A trial keeps nothing, its key neither: it is free for the real thing.
    const once = dryRun ? { ...command, idempotencyKey: undefined } : command;
    const answer = await this.runner.run(once, async (tx, context) => {
      const { result, applied } = await replayDeadLetter(tx, context, this.tools.apply, id, dryRun);
      tell = () => publishLive(this.nats, this.region, applied);
      return { status: 200, body: result };
    });
    tell();
    const result = send(reply, answer);
    return { ...result, deadLetter: (await subjectsShownTo(this.dataSource, request.principal, [result.deadLetter]))[0]! };
  }

  @Post(':id/drop')
  @HttpCode(200)
  @ApiAnswers({ summary: 'Give a dead letter up', tag: 'replication', answers: { 200: EventDeadLetterSchema }, idempotent: true })
  async drop(
    @Param('id', { schema: EventDeadLetterIdSchema }) id: string,
    @Body({ schema: DropRequestSchema }) _body: z.infer<typeof DropRequestSchema>,
    @Command() command: CommandRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventDeadLetterView> {
    let tell: () => void = () => undefined;
    const answer = await this.runner.run(command, async (tx, context) => {
      const { deadLetter, applied } = await dropDeadLetter(tx, context, this.tools.apply, id);
      tell = () => publishLive(this.nats, this.region, applied);
      return { status: 200, body: deadLetter };
    });
    tell();
    return (await subjectsShownTo(this.dataSource, request.principal, [send(reply, answer)]))[0]!;
  }

  private get region(): string {
    return this.config.LAPIDARY_REGION;
  }
}

import { JobIdSchema } from '@lapidary/contracts/api/common';
import {
  DeadLetterListQuerySchema,
  DeadLetterPageSchema,
  DeadLetterSchema,
  DropDeadLetterSchema,
  ReplayDeadLetterSchema,
  type DeadLetterView,
} from '@lapidary/contracts/api/dead-letters';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { dropLetter, replayLetter } from './dead-letter-commands.js';
import { listLetters, readLetter, type DeadLetterRow } from './dead-letter-store.js';
import type { JobCommandDeps } from './job-commands.js';
import { JobDefinitions } from './job-definition.js';
import { JobQueue } from './job-queue.js';

/** Jobs that nobody got done, for people to look at (P-QL1). Kept by the region whose jobs they are. */
@Controller('v1/jobs/dead-letters')
export class DeadLettersController {
  private readonly deps: JobCommandDeps;

  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    clock: HybridLogicalClock,
    definitions: JobDefinitions,
    queue: JobQueue,
  ) {
    this.deps = { clock, definitions, queue };
  }

  @Get()
  @ApiAnswers({ summary: 'List dead letters of a region, the newest first', tag: 'jobs', answers: { 200: DeadLetterPageSchema } })
  async list(
    @Query({ schema: DeadLetterListQuerySchema }) query: z.infer<typeof DeadLetterListQuerySchema>,
  ): Promise<z.infer<typeof DeadLetterPageSchema>> {
    const rows = await listLetters(this.dataSource, { all: query.all, before: decodeCursor(query.cursor), limit: query.limit + 1 });
    return pageFrom(rows, query.limit, (row) => row.id, letterViewOf);
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a dead letter', tag: 'jobs', answers: { 200: DeadLetterSchema } })
  async show(@Param('id', { schema: JobIdSchema }) id: string): Promise<DeadLetterView> {
    const letter = await readLetter(this.dataSource, id);
    if (!letter) throw new AppError('not_found', `There is no dead letter ${id}`);
    return letterViewOf(letter);
  }

  @Post(':id/replay')
  @HttpCode(202)
  @ApiAnswers({ summary: 'Try the job of a dead letter again', tag: 'jobs', answers: { 202: DeadLetterSchema }, idempotent: true })
  async replay(
    @Param('id', { schema: JobIdSchema }) id: string,
    @Body({ schema: ReplayDeadLetterSchema.nullish() }) _body: z.infer<typeof ReplayDeadLetterSchema> | null | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeadLetterView> {
    const answer = await this.runner.run(request, async (tx, context) => {
      const letter = await replayLetter(tx, context, this.deps, id);
      return { status: 202, body: letterViewOf(letter), headers: { location: `/v1/jobs/${letter.job ?? ''}` } };
    });
    return send(reply, answer);
  }

  @Post(':id/drop')
  @HttpCode(200)
  @ApiAnswers({ summary: 'Put a dead letter aside for good', tag: 'jobs', answers: { 200: DeadLetterSchema }, idempotent: true })
  async drop(
    @Param('id', { schema: JobIdSchema }) id: string,
    @Body({ schema: DropDeadLetterSchema }) _body: z.infer<typeof DropDeadLetterSchema>,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DeadLetterView> {
    const answer = await this.runner.run(request, async (tx, context) => ({
      status: 200,
      body: letterViewOf(await dropLetter(tx, context, id)),
    }));
    return send(reply, answer);
  }
}

const letterViewOf = (row: DeadLetterRow): DeadLetterView => ({
  id: row.id as DeadLetterView['id'],
  region: row.region,
  job: row.job,
  kind: row.kind,
  subject: row.subject,
  cause: row.cause,
  message: row.message,
  step: row.step,
  attempts: row.attempts,
  payload: row.payload,
  deadAt: row.dead_at.toISOString(),
  resolution: row.resolution,
  resolvedAt: row.resolved_at?.toISOString() ?? null,
  resolvedBy: row.resolved_by,
  reason: row.reason,
});

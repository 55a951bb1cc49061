import { JobIdSchema } from '@lapidary/contracts/api/common';
import {
  CancelJobSchema,
  finishedJobStatuses,
  JobEventsQuerySchema,
  JobEventsSchema,
  JobListQuerySchema,
  JobPageSchema,
  JobSchema,
  type JobEvents,
  type JobView,
} from '@lapidary/contracts/api/jobs';
import { AppError } from '@lapidary/kernel/app-error';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { Authenticator } from '../auth/authenticator.js';
import { presentCaller } from '../auth/present-caller.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { cancelJob, retryJob, type JobCommandDeps } from './job-commands.js';
import { JobDefinitions } from './job-definition.js';
import { readEvents } from './job-events.js';
import { JobQueue } from './job-queue.js';
import type { JobRow } from './job-row.js';
import { lastEventIdOf, streamJobEvents } from './job-stream.js';
import { listJobs, readJob } from './job-store.js';
import { toEventView, viewOf, viewsOf } from './job-view.js';
import { JobWatch } from './job-watch.js';

type JobChangeCommand = typeof retryJob;

/** `Accept` of an EventSource. */
const eventStreamType = 'text/event-stream';

@Controller('v1/jobs')
export class JobsController {
  private readonly deps: JobCommandDeps;

  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly watch: JobWatch,
    private readonly authenticator: Authenticator,
    clock: HybridLogicalClock,
    definitions: JobDefinitions,
    queue: JobQueue,
  ) {
    this.deps = { clock, definitions, queue };
  }

  @Get()
  @ApiAnswers({ summary: 'List jobs, the newest first', tag: 'jobs', answers: { 200: JobPageSchema } })
  async list(@Query({ schema: JobListQuerySchema }) query: z.infer<typeof JobListQuerySchema>): Promise<z.infer<typeof JobPageSchema>> {
    const before = positionOf(decodeCursor(query.cursor));
    const rows = await listJobs(this.dataSource, { ...query, before, limit: query.limit + 1 });
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    const next = rows.length > page.length && last ? encodeCursor(`${last.created_at_exact} ${last.id}`) : null;
    return { items: await viewsOf(this.dataSource, page), next };
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a job with its steps', tag: 'jobs', answers: { 200: JobSchema } })
  async show(@Param('id', { schema: JobIdSchema }) id: string): Promise<JobView> {
    return await viewOf(this.dataSource, await this.find(id));
  }

  @Get(':id/events')
  @ApiAnswers({
    summary: 'Progress of a job: long poll, or a stream with Accept: text/event-stream',
    description:
      'Answers at once when there are lines after "after", else when one comes or "wait" seconds have passed. The stream resumes at Last-Event-ID.',
    tag: 'jobs',
    answers: { 200: JobEventsSchema },
  })
  async events(
    @Param('id', { schema: JobIdSchema }) id: string,
    @Query({ schema: JobEventsQuerySchema }) query: z.infer<typeof JobEventsQuerySchema>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const job = await this.find(id);
    if (request.headers.accept?.includes(eventStreamType)) {
      await streamJobEvents({
        reader: this.dataSource,
        watch: this.watch,
        request,
        reply,
        jobId: id,
        after: lastEventIdOf(request) ?? query.after,
        caller: presentCaller(this.authenticator, request),
      });
      return;
    }
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    await reply.send(await this.poll(job, query, gone.signal));
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @ApiAnswers({
    summary: 'End a job: at once while it is queued, else in good order, or by force',
    description: 'Past a point of no return only by force; what was begun is then left as it is, and a retry goes on there.',
    tag: 'jobs',
    answers: { 202: JobSchema },
    idempotent: true,
  })
  async cancel(
    @Param('id', { schema: JobIdSchema }) id: string,
    @Body({ schema: CancelJobSchema.nullish() }) body: z.infer<typeof CancelJobSchema> | null | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    const force = body?.force ?? false;
    return await this.command(request, reply, id, (tx, context, deps, job) => cancelJob(tx, context, deps, job, { force }));
  }

  @Post(':id/retry')
  @HttpCode(202)
  @ApiAnswers({
    summary: 'Try a failed or cancelled job again, from the step that ended it',
    tag: 'jobs',
    answers: { 202: JobSchema },
    idempotent: true,
  })
  async retry(
    @Param('id', { schema: JobIdSchema }) id: string,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<JobView> {
    return await this.command(request, reply, id, retryJob);
  }

  private async command(request: CommandRequest, reply: FastifyReply, id: string, change: JobChangeCommand): Promise<JobView> {
    const answer = await this.runner.run(request, async (tx, context) => {
      const job = await change(tx, context, this.deps, id);
      return { status: 202, body: await viewOf(tx, job), headers: { location: `/v1/jobs/${id}` } };
    });
    return send(reply, answer);
  }

  private async poll(job: JobRow, query: z.infer<typeof JobEventsQuerySchema>, signal: AbortSignal): Promise<JobEvents> {
    const deadline = performance.now() + query.wait * 1000;
    const subscription = this.watch.subscribe(job.id);
    try {
      for (let now = job; ; now = await this.find(job.id)) {
        const events = await readEvents(this.dataSource, job.id, query.after);
        const left = deadline - performance.now();
        const isOver = events.length > 0 || left <= 0 || signal.aborted || this.watch.isClosed || finishedJobStatuses.includes(now.status);
        // The job is read after its lines, so that what it says is never older than they are.
        if (isOver) return { items: events.map(toEventView), job: await viewOf(this.dataSource, await this.find(job.id)) };
        await subscription.next(left, signal);
      }
    } finally {
      subscription.end();
    }
  }

  private async find(id: string): Promise<JobRow> {
    const job = await readJob(this.dataSource, id);
    if (!job) throw new AppError('not_found', `There is no job ${id}`);
    return job;
  }
}

const positionOf = (key: string | null): { createdAt: string; id: string } | undefined => {
  if (key === null) return undefined;
  const [createdAt, id] = key.split(' ');
  if (createdAt === undefined || id === undefined || Number.isNaN(Date.parse(createdAt))) {
    throw new AppError('invalid_input', 'The cursor is not one that was given out', {
      fields: [{ path: 'cursor', message: 'use "next" of the page before' }],
    });
  }
  return { createdAt, id };
};

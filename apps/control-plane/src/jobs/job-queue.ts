import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import type { Logger } from '@lapidary/telemetry/logger';
import { PgBoss, type Db } from 'pg-boss';
import { z } from 'zod';
import type { JobDefinitions } from './job-definition.js';
import type { JobKind } from './job-row.js';

/**
 * pg-boss, confined to this file. A message only says "look at this job": what a job is and how far it got stands in our
 * tables, so a lost or doubled message costs nothing (the reclaimer offers queued jobs again; a claim succeeds once).
 */
const schema = 'pgboss';
/** One for fetching, one for completing, one for maintenance; jobs' own writes go through their own pool (P-BH1). */
const poolMax = 3;
/** Base poll, for when LISTEN is down. With it, messages arrive at once. */
const pollingIntervalSeconds = 1;
const notifyPollingIntervalSeconds = 5;
/** pg-boss gives up a handler after this; steps have their own, much shorter time-outs. */
const expireInSeconds = 12 * 60 * 60;
/** The message of a finished job is of no use; an hour helps whoever debugs the queue. */
const deleteAfterSeconds = 60 * 60;
const startRetryFirstMs = 200;
const startRetryMaxMs = 5_000;
/** The runner has released its jobs before the queue is stopped; handlers only have to return. */
const stopTimeoutMs = 2_000;

const queueOf = (kind: JobKind): string => `job-${kind}`;

const MessageSchema = z.object({ jobId: z.string().min(1) });

export interface QueueHandlers {
  readonly job: (jobId: string, signal: AbortSignal) => Promise<void>;
  /** Puts a message aside that can't be read: else it would be lost without a word (P-SC3). */
  readonly unreadable: (kind: JobKind, message: unknown) => Promise<void>;
}

export interface JobQueueOptions {
  readonly url: string;
  /** Jobs of each kind at once in this process. */
  readonly concurrencyOf: (kind: JobKind) => number;
  /** Read at start: whoever has jobs has registered by then. */
  readonly definitions: Pick<JobDefinitions, 'kinds'>;
  readonly logger: Logger;
}

export class JobQueue {
  private boss: PgBoss | undefined;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private readonly cancelStart = new AbortController();
  private ready = false;

  constructor(private readonly options: JobQueueOptions) {}

  get isReady(): boolean {
    return this.ready;
  }

  /** Resolves once messages flow; tries again for as long as Postgres is away. Calling it twice is one start. */
  async start(handlers: QueueHandlers): Promise<void> {
    this.starting ??= this.startUntilUp(handlers);
    await this.starting;
  }

  /** Safe at any time: before, during and after start, and twice. */
  async stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    await this.stopping;
  }

  /** In the caller's transaction: job row and message commit together or not at all (I5). A second message for a queued job is none. */
  async send(tx: Tx, kind: JobKind, jobId: string): Promise<void> {
    if (!this.boss || !this.ready) throw new AppError('not_ready', 'The job queue is not up yet', { retryAfterSeconds: 1 });
    const data: z.infer<typeof MessageSchema> = { jobId };
    await this.boss.send(queueOf(kind), data, { singletonKey: jobId, db: inTransaction(tx) });
  }

  private async startUntilUp(handlers: QueueHandlers): Promise<void> {
    for (let attempt = 0; !this.cancelStart.signal.aborted; attempt++) {
      try {
        await this.startOnce(handlers);
        return;
      } catch (error) {
        this.options.logger.warn({ err: error }, 'the job queue could not start; trying again');
        await this.boss?.stop({ graceful: false }).catch(() => undefined);
        this.boss = undefined;
        await pause(backOffMs(attempt, startRetryFirstMs, startRetryMaxMs), this.cancelStart.signal);
      }
    }
  }

  private async startOnce(handlers: QueueHandlers): Promise<void> {
    const { url, concurrencyOf, logger } = this.options;
    const { kinds } = this.options.definitions;
    const boss = new PgBoss({
      connectionString: url,
      application_name: 'control-plane:jobs-queue',
      schema,
      max: poolMax,
      useListenNotify: true,
      schedule: false,
      // Vacuum is the operator's; its checks would put load on every replica.
      monitorVacuum: false,
    });
    this.boss = boss;
    // Without a listener an 'error' event would end the process; pg-boss itself carries on and reconnects.
    boss.on('error', (error) => logger.warn({ err: error }, 'job queue'));
    boss.on('warning', (warning) => logger.debug({ warning }, 'job queue'));
    await boss.start();
    for (const kind of kinds) {
      // "short": one waiting message per job, however often it is sent. No retries: attempts are ours (job_step.attempts).
      await boss.createQueue(queueOf(kind), { policy: 'short', retryLimit: 0, expireInSeconds, deleteAfterSeconds, notify: true });
    }
    if (this.cancelStart.signal.aborted) return;
    for (const kind of kinds) {
      for (let i = 0; i < concurrencyOf(kind); i++) await this.addWorker(boss, kind, handlers);
    }
    this.ready = true;
  }

  /**
   * One pg-boss worker each, rather than one with localConcurrency: after a job it must look again at once, which only
   * its id allows. Else the next queued job would wait for the next poll.
   */
  private async addWorker(boss: PgBoss, kind: JobKind, handlers: QueueHandlers): Promise<void> {
    const options = { batchSize: 1, pollingIntervalSeconds, notifyPollingIntervalSeconds };
    const id: string = await boss.work<unknown, void, typeof options>(queueOf(kind), options, async (messages) => {
      for (const { data, signal } of messages) {
        const message = MessageSchema.safeParse(data);
        if (message.success) await handlers.job(message.data.jobId, signal);
        else await handlers.unreadable(kind, data);
      }
      boss.notifyWorker(id);
    });
  }

  private async stopOnce(): Promise<void> {
    this.ready = false;
    this.cancelStart.abort();
    await this.starting?.catch(() => undefined);
    this.ready = false;
    await this.boss?.stop({ graceful: true, timeout: stopTimeoutMs });
  }
}

/** pg-boss's statements on the caller's connection. */
const inTransaction = (tx: Tx): Db => ({
  executeSql: async (text, values) => ({ rows: await rowsOf(tx, text, values ?? []) }),
});

const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
};

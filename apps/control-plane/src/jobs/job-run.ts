import { AppError, toAppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { Logger } from '@lapidary/telemetry/logger';
import type { DataSource } from 'typeorm';
import type { CommandContext } from '../http/command-context.js';
import { writeDurably } from './durable-write.js';
import type { JobDefinition, StepContext, StepDefinition, StepResult } from './job-definition.js';
import type { EventLine } from './job-events.js';
import { isLeaseLost, type Lease } from './job-lease.js';
import { shutdownGraceMs, stopGraceMs } from './job-limits.js';
import type { JobMetrics } from './job-metrics.js';
import { doneStepStatuses } from './job-states.js';
import { readSteps } from './job-store.js';
import type { LeaseKeeper } from './lease-keeper.js';
import { ProgressReporter } from './progress-reporter.js';
import { StopReason, stopCauseOf, type StopCause } from './stop-reason.js';
import { beginStep, completeStep, failJob, finishJob, stopJob, type Unwritten, type WriteScope } from './step-writes.js';
import type { JobRow, Json, StepRow } from './job-row.js';

export type RunOutcome = 'succeeded' | 'failed' | 'cancelled' | 'released' | 'lost';

export interface JobRunDeps {
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  readonly logger: Logger;
  readonly metrics: JobMetrics;
  readonly definition: JobDefinition;
  readonly context: CommandContext;
  readonly lease: Lease;
  readonly keeper: LeaseKeeper;
  /** Aborts when this process shuts down. */
  readonly shutdown: AbortSignal;
  /** Gives the job back to the queue; see JobRunner. */
  readonly release: (scope: WriteScope, lines: readonly EventLine[]) => Promise<void>;
  readonly graceMs?: number;
}

type StepEnd =
  | { readonly kind: 'done'; readonly result: StepResult }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'stopped' };

/** One run of a job under one lease: from its first unfinished step until it ends, is let go, or is taken away. */
export class JobRun {
  private readonly scope: WriteScope;

  constructor(
    private readonly deps: JobRunDeps,
    private readonly job: JobRow,
  ) {
    this.scope = { context: deps.context, clock: deps.clock, lease: deps.lease };
  }

  async execute(): Promise<RunOutcome> {
    try {
      return await this.steps();
    } catch (error) {
      if (isLeaseLost(error) || this.deps.keeper.lost.aborted) return 'lost';
      throw error;
    }
  }

  private async steps(): Promise<RunOutcome> {
    const { definition, dataSource, keeper } = this.deps;
    for (const step of definition.steps) {
      const rows = await readSteps(dataSource.manager, [this.job.id]);
      const row = rows.find((r) => r.name === step.name);
      if (row && doneStepStatuses.includes(row.status)) continue;
      const ended = await this.stopBetweenSteps();
      if (ended) return ended;
      const outcome = await this.step(step, outputsOf(rows));
      if (outcome) return outcome;
    }
    await this.write((scope, tx) => finishJob(tx, scope));
    return keeper.lost.aborted ? 'lost' : 'succeeded';
  }

  /** Undefined: go on with the next step. */
  private async step(step: StepDefinition, outputs: Readonly<Record<string, Json>>): Promise<RunOutcome | undefined> {
    const attempt = await this.write((scope, tx) => beginStep(tx, scope, step));
    if (attempt === undefined) return await this.cancelled([]);
    const reporter = new ProgressReporter(this.deps.dataSource, this.deps.clock, this.deps.context, this.deps.lease);
    const endTimer = this.deps.metrics.lapidary_job_step_seconds.startTimer({ kind: this.job.kind, step: step.name });
    const end = await this.perform(step, attempt, outputs, reporter);
    endTimer({ outcome: end.kind });
    const unwritten: Unwritten = await reporter.close();
    const { lines } = unwritten;
    if (end.kind === 'stopped') return await this.letGo(lines);
    if (end.kind === 'failed') return await this.fail(step, end.error, lines);
    try {
      await this.write((scope, tx) => completeStep(tx, scope, step.name, end.result, unwritten));
      return undefined;
    } catch (error) {
      if (isLeaseLost(error)) return 'lost';
      // The step's own effects were refused (an invariant in the database, for instance): that is the step's failure.
      return await this.fail(step, error, lines);
    }
  }

  /** Runs the step until it ends or, once it has been told to stop, until the grace is over; then it is left behind, with nothing it could write to. */
  private async perform(
    step: StepDefinition,
    attempt: number,
    outputs: Readonly<Record<string, Json>>,
    reporter: ProgressReporter,
  ): Promise<StepEnd> {
    const { keeper, shutdown } = this.deps;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new StopReason('timeout')), step.timeoutMs);
    const stop = AbortSignal.any([keeper.lost, keeper.cancelled, shutdown]);
    const signal = AbortSignal.any([stop, timeout.signal]);
    const report: StepContext['report'] = (level, message, data) => reporter.report({ level, step: step.name, message, data });
    const progress: StepContext['progress'] = (done, expected) => reporter.progress({ step: step.name, done, expected });
    const leftBehind = new AbortController();
    const work = startStep(step, { job: this.job, outputs, attempt, signal, cutOff: leftBehind.signal, report, progress });
    const grace = (cause: StopCause): number => this.deps.graceMs ?? (cause === 'shutdown' ? shutdownGraceMs : stopGraceMs);
    const cutOff = graceAfter(signal, keeper.forced, grace);
    try {
      const result = await Promise.race([work, cutOff.promise]);
      if (result !== 'cut off') return { kind: 'done', result };
      if (stopCauseOf(signal) !== 'shutdown') leftBehind.abort(signal.reason);
      return this.endOf(step, timeout.signal, undefined);
    } catch (error) {
      return this.endOf(step, timeout.signal, error);
    } finally {
      clearTimeout(timer);
      cutOff.clear();
    }
  }

  private endOf(step: StepDefinition, timeout: AbortSignal, error: unknown): StepEnd {
    if (this.told()) return { kind: 'stopped' };
    return { kind: 'failed', error: timeout.aborted ? timedOut(step) : error };
  }

  private told(): boolean {
    const { keeper, shutdown } = this.deps;
    return keeper.lost.aborted || keeper.cancelled.aborted || shutdown.aborted;
  }

  private async stopBetweenSteps(): Promise<RunOutcome | undefined> {
    return this.told() ? await this.letGo([]) : undefined;
  }

  private async letGo(lines: readonly EventLine[]): Promise<RunOutcome> {
    if (this.deps.keeper.lost.aborted) return 'lost';
    if (!this.deps.keeper.cancelled.aborted) {
      await this.deps.release(this.scope, lines);
      return 'released';
    }
    return await this.cancelled(lines);
  }

  private async cancelled(lines: readonly EventLine[]): Promise<RunOutcome> {
    await this.write((scope, tx) => stopJob(tx, scope, this.deps.definition, lines));
    return 'cancelled';
  }

  private async fail(step: StepDefinition, error: unknown, lines: readonly EventLine[]): Promise<RunOutcome> {
    const appError = toAppError(error);
    const level = appError.code === 'internal' ? 'error' : 'warn';
    this.deps.logger[level]({ err: error, internal: appError.internal, job: this.job.id, step: step.name }, 'job step failed');
    await this.write((scope, tx) => failJob(tx, scope, this.deps.definition, step.name, appError, lines));
    return 'failed';
  }

  private async write<T>(work: (scope: WriteScope, tx: Parameters<typeof finishJob>[0]) => Promise<T>): Promise<T> {
    return await writeDurably(this.deps.dataSource, this.deps.keeper.lost, (tx) => work(this.scope, tx));
  }
}

const outputsOf = (rows: readonly StepRow[]): Record<string, Json> =>
  Object.fromEntries(rows.filter((r) => doneStepStatuses.includes(r.status) && r.output !== null).map((r) => [r.name, r.output ?? {}]));

/** A step that throws before its first await is a step that failed, like any other. */
const startStep = async (step: StepDefinition, context: StepContext): Promise<StepResult> => await step.run(context);

const timedOut = (step: StepDefinition): AppError =>
  new AppError('timeout', `"${step.title}" did not end within ${Math.round(step.timeoutMs / 1000)} s`);

/** Resolves when the grace after `signal` is over, or at once when the job is to end by force. */
const graceAfter = (
  signal: AbortSignal,
  forced: AbortSignal,
  graceMsOf: (cause: StopCause) => number,
): { readonly promise: Promise<'cut off'>; readonly clear: () => void } => {
  const { promise, resolve } = Promise.withResolvers<'cut off'>();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => resolve('cut off'), graceMsOf(stopCauseOf(signal)));
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  const onForce = (): void => resolve('cut off');
  if (forced.aborted) onForce();
  else forced.addEventListener('abort', onForce, { once: true });
  return {
    promise,
    clear: () => {
      signal.removeEventListener('abort', onAbort);
      forced.removeEventListener('abort', onForce);
      clearTimeout(timer);
    },
  };
};

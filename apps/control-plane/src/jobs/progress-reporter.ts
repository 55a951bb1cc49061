import type { DataSource } from 'typeorm';
import { inTransaction } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { CommandContext } from '../http/command-context.js';
import { announceProgress, appendEvents, type EventLine } from './job-events.js';
import { setStepProgress, type StepProgress } from './job-store.js';
import { lockUnderLease, type Lease } from './job-lease.js';
import { progressEventMs, reportFlushMs, reportLinesMax } from './job-limits.js';

/**
 * Collects a step's lines and writes them in batches under the lease. A line that can't be written now is kept for the
 * next batch; what does not fit in memory is counted. Lines left at the end are written by the step's own transaction.
 */
export class ProgressReporter {
  private lines: EventLine[] = [];
  private dropped = 0;
  /** The newest one replaces those before. */
  private counted: StepProgress | undefined;
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();
  private announcedAt = 0;
  private closed = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: HybridLogicalClock,
    private readonly context: CommandContext,
    private readonly lease: Lease,
  ) {}

  report(line: EventLine): void {
    if (this.closed) return;
    if (this.lines.length >= reportLinesMax) this.dropped++;
    else this.lines.push(line);
    this.plan();
  }

  progress(counted: StepProgress): void {
    if (this.closed) return;
    this.counted = counted;
    this.plan();
  }

  private plan(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.flushing = this.flushing.then(() => this.flush());
    }, reportFlushMs);
  }

  /** No more lines are taken or written by the timer; returns what waits, for the transaction that ends the step. */
  async close(): Promise<{ readonly lines: EventLine[]; readonly progress: StepProgress | undefined }> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.flushing;
    return { lines: this.take(), progress: this.counted };
  }

  private take(): EventLine[] {
    const taken = this.lines;
    if (this.dropped > 0)
      taken.push({ level: 'warning', step: taken.at(-1)?.step ?? null, message: `${this.dropped} more lines were left out` });
    this.lines = [];
    this.dropped = 0;
    return taken;
  }

  private async flush(): Promise<void> {
    const batch = this.take();
    const { counted } = this;
    if (batch.length === 0 && !counted) return;
    const announce = performance.now() - this.announcedAt >= progressEventMs;
    try {
      await inTransaction(this.dataSource, async (tx) => {
        await lockUnderLease(tx, this.lease);
        if (counted) await setStepProgress(tx, this.lease.jobId, counted);
        const last = await appendEvents(tx, this.lease.jobId, batch);
        if (announce && last) await announceProgress(tx, this.context, this.clock, this.lease.jobId, last);
      });
      if (announce) this.announcedAt = performance.now();
    } catch {
      // Lease lost or Postgres away: the run itself finds out and acts; the lines wait for the next batch.
      this.lines = [...batch, ...this.lines].slice(0, reportLinesMax);
    }
  }
}

import type { DataSource } from 'typeorm';
import { renewLease, type Lease } from './job-lease.js';
import { StopReason } from './stop-reason.js';

export interface LeaseTimes {
  readonly leaseMs: number;
  readonly renewMs: number;
  /** How much earlier than the lease's end the worker itself gives up. */
  readonly marginMs: number;
}

/**
 * Renews a lease for as long as the run lasts. `lost` aborts when somebody else has the job, or when renewing did not
 * work for so long that somebody else may have it. Deadlines count from before the renewal was sent, on this process's
 * monotonic clock: the database's lease can only end later than we think.
 */
export class LeaseKeeper {
  private readonly lostController = new AbortController();
  private readonly cancelController = new AbortController();
  private readonly forceController = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private validUntil: number;
  private looking = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly lease: Lease,
    private readonly times: LeaseTimes,
    claimedAt: number,
  ) {
    this.validUntil = claimedAt + times.leaseMs - times.marginMs;
  }

  get lost(): AbortSignal {
    return this.lostController.signal;
  }

  /** Aborts once the job is to be cancelled. */
  get cancelled(): AbortSignal {
    return this.cancelController.signal;
  }

  /** Aborts once the job is to end by force: with or after `cancelled`. */
  get forced(): AbortSignal {
    return this.forceController.signal;
  }

  start(): void {
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Looks now; called when a notification says that the job has changed. */
  async look(): Promise<void> {
    if (this.stopped || this.looking) return;
    this.looking = true;
    const askedAt = performance.now();
    try {
      const now = await renewLease(this.dataSource.manager, this.lease, this.times.leaseMs);
      if (now === undefined) this.lostController.abort(new StopReason('lost'));
      else this.validUntil = askedAt + this.times.leaseMs - this.times.marginMs;
      if (now?.status === 'cancelling') this.cancelController.abort(new StopReason('cancelled'));
      if (now?.status === 'cancelling' && now.forced) this.forceController.abort(new StopReason('cancelled'));
    } catch {
      // Postgres is away: try again at the next tick, until the lease may have run out.
    } finally {
      this.looking = false;
    }
  }

  /** The timer is set anew each time by what is left, so that a renewal that hangs can't hide the end of the lease. */
  private schedule(): void {
    if (this.stopped || this.lost.aborted) return;
    const left = this.validUntil - performance.now();
    if (left <= 0) {
      this.lostController.abort(new StopReason('lost'));
      return;
    }
    this.timer = setTimeout(
      () => {
        void this.look();
        this.schedule();
      },
      Math.min(this.times.renewMs, left),
    );
  }
}

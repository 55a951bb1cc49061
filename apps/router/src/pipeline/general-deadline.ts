import type { ForwardDeadline } from '@lapidary/stamp-sdk/forward/forward-result';
import type { RouterMetrics } from '../metrics.js';
import { nobody, type Whose } from '../observe/ended-request.js';
import type { TrafficPolicy } from '../traffic-policy/traffic-policy.js';
import { RequestDeadline } from './request-deadline.js';

const never = (): boolean => false;

/** The deadline of one request of the general path (D1–D3): on a timer, and whatever it waits for at the moment is what it ends. */
export class GeneralDeadline implements ForwardDeadline {
  private readonly deadline: RequestDeadline;
  private readonly metrics: RouterMetrics;
  private timer: NodeJS.Timeout | undefined;
  private movedBytes = 0;
  private whose = nobody;
  private over: (() => void) | null = null;
  private isStream: () => boolean = never;
  /** Its time is over: nothing more is begun for it. */
  isOver = false;

  constructor(
    { policy, metrics }: { readonly policy: TrafficPolicy; readonly metrics: RouterMetrics },
    startedMs: number,
    private readonly hasBegun: () => boolean,
  ) {
    this.metrics = metrics;
    this.deadline = new RequestDeadline(policy);
    this.deadline.begin(startedMs);
    this.arm();
  }

  /** Whose it is, as far as that is known. */
  of(whose: Whose): void {
    this.whose = whose;
  }

  moved(bytes: number): void {
    this.movedBytes += bytes;
  }

  bind(over: () => void, isStream: () => boolean = never): () => void {
    this.over = over;
    this.isStream = isStream;
    return () => {
      if (this.over === over) this.over = null;
    };
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private arm(): void {
    this.timer = setTimeout(() => this.due(), Math.max(1, this.deadline.atMs - performance.now()));
  }

  private due(): void {
    const { movedBytes, whose } = this;
    const isStream = this.over !== null && this.isStream();
    const nowMs = performance.now();
    if (nowMs < this.deadline.atMs || this.deadline.goesOn({ ...whose, movedBytes, isStream }, nowMs)) return this.arm();
    this.isOver = true;
    this.metrics.lapidary_router_deadlines_total.inc({ phase: this.hasBegun() ? 'answering' : 'waiting' });
    this.over?.();
  }
}

import type { Refused, Waiting } from '../traffic-policy.js';
import { AdaptiveLimit } from './adaptive-limit.js';

export interface CompartmentRules {
  readonly inFlightMax: number;
  readonly queueMax: number;
  readonly queueWaitMs: number;
  readonly shedding: boolean;
}

/** Part of the places that each priority may fill: the last ones are for the most important. */
const partOfPriority = [1, 0.9, 0.7, 0.5] as const;
/** From this priority on nothing waits: it is shed at once, where others may still wait (P-TH2). */
const priorityShedAtOnce = 2;
export const priorityLowest = partOfPriority.length - 1;

interface Waiter {
  readonly priority: number;
  readonly settle: (admission: 'go' | Refused) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * What may be under way to one stamp, and a short bounded queue before it (P-BH1): whatever the stamp does, it holds no
 * more of this router than inFlightMax requests and queueMax waiting ones.
 */
export class Compartment {
  readonly adaptive: AdaptiveLimit;
  inFlight = 0;
  private readonly queue = new Set<Waiter>();

  constructor(
    private readonly stamp: string,
    private rules: CompartmentRules,
  ) {
    this.adaptive = new AdaptiveLimit(rules.inFlightMax);
  }

  get waiting(): number {
    return this.queue.size;
  }

  get limit(): number {
    return this.rules.shedding ? this.adaptive.limit : this.rules.inFlightMax;
  }

  keepTo(rules: CompartmentRules): void {
    this.rules = rules;
    this.adaptive.setMax(rules.inFlightMax);
  }

  hasRoom(priority: number): boolean {
    return this.inFlight < Math.max(1, Math.floor(this.limit * (partOfPriority[priority] ?? 1)));
  }

  mayWait(priority: number): boolean {
    return priority < priorityShedAtOnce && this.queue.size < this.rules.queueMax;
  }

  enter(): void {
    this.inFlight += 1;
    this.adaptive.started(this.inFlight);
  }

  leave(): void {
    if (this.inFlight > 0) this.inFlight -= 1;
    for (const waiter of this.queue) {
      if (!this.hasRoom(0)) return;
      if (this.hasRoom(waiter.priority)) this.settle(waiter, 'go');
    }
  }

  /** Only where mayWait. On "go" the place has been entered. */
  wait(priority: number): Waiting {
    let waiter: Waiter;
    const admission = new Promise<'go' | Refused>((resolve) => {
      const timer = setTimeout(() => this.settle(waiter, this.refused('no place came free in time')), this.rules.queueWaitMs);
      waiter = { priority, settle: resolve, timer };
      this.queue.add(waiter);
    });
    const abandon = (): void => this.settle(waiter, this.refused('the client has gone'));
    return { kind: 'waiting', waitMsMax: this.rules.queueWaitMs, admission, abandon };
  }

  refused(why: string): Refused {
    const reason = `stamp ${this.stamp}: ${why} (${this.inFlight} under way, ${this.queue.size} waiting, limit ${this.limit})`;
    return { kind: 'refused', code: 'overloaded', reason, retryAfterSeconds: 1, headers: {} };
  }

  private settle(waiter: Waiter, admission: 'go' | Refused): void {
    if (!this.queue.delete(waiter)) return;
    clearTimeout(waiter.timer);
    if (admission === 'go') this.enter();
    waiter.settle(admission);
  }
}

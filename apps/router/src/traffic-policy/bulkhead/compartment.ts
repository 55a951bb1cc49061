import type { Refused, Waiting } from '../traffic-policy.js';
import type { Place } from '../across-workers/place.js';
import { ownState, type PolicyState } from '../across-workers/policy-state.js';
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
/** A place that another worker gives back is found by looking; a tenth of a fast request's time. */
const lookMs = 5;

interface Waiter {
  readonly priority: number;
  readonly settle: (admission: 'go' | Refused) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * What may be under way to one stamp, and a short bounded queue before it (P-BH1): whatever the stamp does, it holds no
 * more of this router, all its workers together (L1), than inFlightMax requests and queueMax waiting ones.
 */
export class Compartment {
  readonly adaptive: AdaptiveLimit;
  private readonly places: Place;
  private readonly queuePlaces: Place;
  private readonly queue = new Set<Waiter>();
  private looking: NodeJS.Timeout | null = null;

  constructor(
    private readonly stamp: string,
    private rules: CompartmentRules,
    private readonly state: PolicyState = ownState(),
  ) {
    this.adaptive = new AdaptiveLimit(rules.inFlightMax, state.cells.ofStamp(stamp));
    this.places = state.place('stamp', stamp);
    this.queuePlaces = state.place('queue', stamp);
  }

  get inFlight(): number {
    return this.places.taken;
  }

  get waiting(): number {
    return this.queuePlaces.taken;
  }

  /** Of these, this worker's. */
  get ours(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.places.ours, waiting: this.queue.size };
  }

  get limit(): number {
    return this.rules.shedding ? this.adaptive.limit : this.rules.inFlightMax;
  }

  keepTo(rules: CompartmentRules): void {
    this.rules = rules;
    this.adaptive.setMax(rules.inFlightMax);
  }

  hasRoom(priority: number): boolean {
    return this.inFlight < this.bound(priority);
  }

  mayWait(priority: number): boolean {
    return priority < priorityShedAtOnce && this.waiting < this.rules.queueMax;
  }

  /** false: there is no room, or no more. */
  enter(priority: number): boolean {
    if (!this.places.enter(this.bound(priority))) return false;
    this.adaptive.started(this.inFlight);
    return true;
  }

  /** While others' requests wait, too, a place goes to ours only up to our part: the others look for it. */
  leave(): void {
    this.places.leave();
    if (this.queue.size > 0) this.grant(this.waiting > this.queue.size ? this.limit / this.state.workers : Infinity);
  }

  /** Only where mayWait. On "go" the place has been entered. */
  wait(priority: number): Waiting {
    if (!this.queuePlaces.enter(this.rules.queueMax)) return this.noTurn();
    let waiter: Waiter;
    const admission = new Promise<'go' | Refused>((resolve) => {
      const timer = setTimeout(() => this.settle(waiter, this.refused('no place came free in time')), this.rules.queueWaitMs);
      waiter = { priority, settle: resolve, timer };
      this.queue.add(waiter);
    });
    if (this.state.workers > 1) this.looking ??= setInterval(() => this.grant(Infinity), lookMs);
    const abandon = (): void => this.settle(waiter, this.refused('the client has gone'));
    return { kind: 'waiting', waitMsMax: this.rules.queueWaitMs, admission, abandon };
  }

  refused(why: string): Refused {
    const reason = `stamp ${this.stamp}: ${why} (${this.inFlight} under way, ${this.waiting} waiting, limit ${this.limit})`;
    return { kind: 'refused', code: 'overloaded', reason, retryAfterSeconds: 1, headers: {} };
  }

  private bound(priority: number): number {
    return Math.max(1, Math.floor(this.limit * (partOfPriority[priority] ?? 1)));
  }

  /** In order, while there is room and we have fewer than `oursMax`; who is less important is passed over. */
  private grant(oursMax: number): void {
    for (const waiter of this.queue) {
      if (this.places.ours >= oursMax || !this.hasRoom(0)) return;
      if (this.enter(waiter.priority)) this.settle(waiter, 'go');
    }
  }

  /** Others have taken the last turns meanwhile. */
  private noTurn(): Waiting {
    return { kind: 'waiting', waitMsMax: 0, admission: Promise.resolve(this.refused('the queue is full')), abandon: () => undefined };
  }

  private settle(waiter: Waiter, admission: 'go' | Refused): void {
    if (!this.queue.delete(waiter)) return;
    this.queuePlaces.leave();
    clearTimeout(waiter.timer);
    if (this.queue.size === 0 && this.looking !== null) {
      clearInterval(this.looking);
      this.looking = null;
    }
    waiter.settle(admission);
  }
}

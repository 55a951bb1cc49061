import { concurrency } from './concurrency.js';
import { KeyedStates } from './keyed-states.js';
import type { Limit, LimitKind } from './limit.js';

/** This router's part of a key's bounds. */
export type ShareOf = (key: string) => number;

export interface Over {
  readonly limit: Limit;
  readonly waitMs: number;
}

/** The only algorithm for which the end of a request matters; its numbers don't depend on the bound. */
const counted = concurrency(1);

/**
 * The states of one scope (tenants, stamps, all): one table per algorithm, whatever the tier. A tenant that changes its
 * tier, and a limits document that changes a number, go on from what has been used.
 */
export class ScopedLimits {
  private readonly states = new Map<LimitKind, KeyedStates>();

  constructor(
    readonly scope: string,
    private readonly shareOf: ShareOf,
  ) {}

  /** The first of the limits that has no room; null where all have. Counts nothing. */
  over(limits: readonly Limit[], key: string, nowMs: number): Over | null {
    if (limits.length === 0) return null;
    const share = this.shareOf(key);
    for (let i = 0; i < limits.length; i += 1) {
      const limit = limits[i]!;
      const states = this.statesOf(limit);
      const at = states.at(key, nowMs);
      const waitMs = limit.check(states.numbers, at, nowMs, share);
      if (waitMs > 0) return { limit, waitMs };
    }
    return null;
  }

  /** Counts one at each limit, where none is over. Milliseconds for which it has to be held back. */
  take(limits: readonly Limit[], key: string, nowMs: number): number {
    if (limits.length === 0) return 0;
    const share = this.shareOf(key);
    let delayMs = 0;
    for (let i = 0; i < limits.length; i += 1) {
      const limit = limits[i]!;
      const states = this.statesOf(limit);
      const at = states.at(key, nowMs);
      delayMs = Math.max(delayMs, limit.take(states.numbers, at, nowMs, share));
      states.idleFrom(at, limit.idleFromMs(states.numbers, at));
    }
    return delayMs;
  }

  /** One that was taken is over; counted down wherever it was counted, though the limits have changed in between. */
  give(key: string): void {
    const states = this.states.get(counted.kind);
    const at = states?.peek(key);
    if (!states || at === undefined) return;
    counted.give(states.numbers, at);
    states.idleFrom(at, counted.idleFromMs(states.numbers, at));
  }

  /** The key's share has grown to `share`, by so much. */
  grew(limits: readonly Limit[], key: string, nowMs: number, share: number, by: number): void {
    for (const limit of limits) {
      const states = this.statesOf(limit);
      // Also for a key that is not held: nothing used means a full burst of the old share, and not of the new one.
      const at = states.at(key, nowMs);
      limit.grew(states.numbers, at, nowMs, share - by, by);
      states.idleFrom(at, limit.idleFromMs(states.numbers, at));
    }
  }

  /** Of the tightest limit, for explanations. */
  remaining(limits: readonly Limit[], key: string, nowMs: number): number | null {
    let least: number | null = null;
    for (const limit of limits) {
      const states = this.statesOf(limit);
      const at = states.peek(key);
      const left = limit.remaining(at === undefined ? new Float64Array(limit.width) : states.numbers, at ?? 0, nowMs, this.shareOf(key));
      least = least === null ? left : Math.min(least, left);
    }
    return least;
  }

  get keys(): number {
    let most = 0;
    for (const states of this.states.values()) most = Math.max(most, states.size);
    return most;
  }

  /** Forgets idle keys while no new ones come. */
  sweep(steps: number, nowMs: number): void {
    for (const states of this.states.values()) states.sweep(steps, nowMs, false);
  }

  private statesOf(limit: Limit): KeyedStates {
    const known = this.states.get(limit.kind);
    if (known) return known;
    const made = new KeyedStates(limit.width);
    this.states.set(limit.kind, made);
    return made;
  }
}

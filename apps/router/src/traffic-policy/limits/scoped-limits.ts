import type { Found, SharedBuckets } from '../across-workers/shared-buckets.js';
import { budgetScopes, type BudgetScope } from '../shared-budget/budget.js';
import { concurrency } from './concurrency.js';
import { KeyedStates, type SlotHint } from './keyed-states.js';
import type { Limit, LimitKind } from './limit.js';

/** This router's part of a key's bounds. */
export type ShareOf = (key: string) => number;

export interface Over {
  readonly limit: Limit;
  readonly waitMs: number;
}

const steadyKinds = ['token_bucket', 'leaky_bucket'] as const;

/** The only algorithm for which the end of a request matters; its numbers don't depend on the bound. */
const counted = concurrency(1);

/**
 * The states of one scope (tenants, stamps, all): one table per algorithm, whatever the tier. A tenant that changes its
 * tier, and a limits document that changes a number, go on from what has been used.
 */
export class ScopedLimits {
  private readonly states = new Map<LimitKind, KeyedStates>();
  /** Of the kind asked for last: nearly all limits of a scope are of one. */
  private lastKind: LimitKind | null = null;
  private lastStates: KeyedStates | null = null;
  /** Of the only kind for which the end of a request matters; null: there is no limit of it. */
  private countedStates: KeyedStates | null = null;
  /** Of the last draw() that said null: others have taken the last room since over() was asked. */
  lost: Over | null = null;
  /** One bit for each limit, of the last draw(). */
  private drawn = 0;
  /** Of its buckets, among those of all scopes. */
  private readonly firstKind: number;
  private drewTogether = false;
  /** When this worker began to have shares of what it drew from together before: its part of each counts as used then. */
  private sharesSinceMs: number | null = null;

  constructor(
    readonly scope: BudgetScope,
    private readonly shareOf: ShareOf,
    private readonly buckets: SharedBuckets | null = null,
  ) {
    this.firstKind = budgetScopes.indexOf(scope) * steadyKinds.length;
  }

  /** The first of the limits that has no room; null where all have. Counts nothing. `hint`: the key's own, for the first of its limits. */
  over(limits: readonly Limit[], key: string, nowMs: number, hint: SlotHint | null = null): Over | null {
    if (limits.length === 0) return null;
    this.turnIfOthersDid(nowMs);
    for (let i = 0; i < limits.length; i += 1) {
      const limit = limits[i]!;
      const hintOfThis = i === 0 ? hint : null;
      const found = this.sharedOf(limit, key, nowMs, hintOfThis);
      const waitMs = found === null ? this.overShare(limit, key, nowMs, hintOfThis) : this.buckets!.waitMs(found, limit.steady!, nowMs);
      if (waitMs > 0) return { limit, waitMs };
    }
    return null;
  }

  /**
   * Draws one from each bucket that is shared with other workers, which may take the last of it at any moment: whoever has several scopes draws
   * from all of them, and then either counts in all or gives back in all. Milliseconds for which it has to be held back; null: `lost` says
   * which had no room any more, and nothing is drawn. `hint`: as for over().
   */
  draw(limits: readonly Limit[], key: string, nowMs: number, hint: SlotHint | null = null): number | null {
    this.drawn = 0;
    if (limits.length === 0 || this.buckets === null) return 0;
    this.turnIfOthersDid(nowMs);
    let delayMs = 0;
    for (let i = 0; i < limits.length; i += 1) {
      const limit = limits[i]!;
      const found = this.sharedOf(limit, key, nowMs, i === 0 ? hint : null);
      if (found === null) continue;
      const heldBackMs = this.buckets.take(found, limit.steady!, nowMs);
      if (heldBackMs === null) {
        this.lost = { limit, waitMs: this.buckets.waitMs(found, limit.steady!, nowMs) };
        this.undraw(limits, key, nowMs, hint);
        return null;
      }
      this.drawn |= 1 << i;
      if (limit.steady!.isHeldBack) delayMs = Math.max(delayMs, heldBackMs);
    }
    return delayMs;
  }

  /** Gives back what the last draw() took, in the turn of the loop in which it did. */
  undraw(limits: readonly Limit[], key: string, nowMs: number, hint: SlotHint | null = null): void {
    for (let i = 0; this.drawn !== 0; i += 1) {
      if ((this.drawn & (1 << i)) === 0) continue;
      this.drawn &= ~(1 << i);
      const limit = limits[i]!;
      const found = this.sharedOf(limit, key, nowMs, i === 0 ? hint : null);
      if (found !== null) this.buckets!.giveBack(found, limit.steady!, nowMs);
    }
  }

  /** Counts one at each limit from which the last draw() of the same did not draw, where none is over. Milliseconds for which it has to be held back. */
  count(limits: readonly Limit[], key: string, nowMs: number, hint: SlotHint | null = null): number {
    let delayMs = 0;
    for (let i = 0; i < limits.length; i += 1) {
      if ((this.drawn & (1 << i)) !== 0) continue;
      const limit = limits[i]!;
      const states = this.statesOf(limit);
      const at = this.ownAt(limit, states, key, nowMs, i === 0 ? hint : null);
      delayMs = Math.max(delayMs, limit.take(states.numbers, at, nowMs, this.shareOf(key)));
      states.idleFrom(at, limit.idleFromMs(states.numbers, at));
    }
    return delayMs;
  }

  /** One that was taken is over; counted down wherever it was counted, though the limits have changed in between. */
  give(key: string): void {
    const states = this.countedStates;
    const at = states?.peek(key);
    if (states === null || at === undefined) return;
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
    this.turnIfOthersDid(nowMs);
    for (const limit of limits) {
      const found = this.sharedOf(limit, key, nowMs, null);
      const states = this.statesOf(limit);
      const at = states.peek(key);
      const ofShare = (): number =>
        limit.remaining(at === undefined ? new Float64Array(limit.width) : states.numbers, at ?? 0, nowMs, this.shareOf(key));
      const left = found === null ? ofShare() : this.buckets!.remaining(found, limit.steady!, nowMs);
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

  /** Where all workers draw from one bucket, now. */
  private sharedOf({ steady, kind }: Limit, key: string, nowMs: number, hint: SlotHint | null): Found | null {
    if (this.buckets === null || !steady || !this.drewTogether) return null;
    return this.buckets.find(this.firstKind + (kind === 'token_bucket' ? 0 : 1), key, nowMs, hint);
  }

  private turnIfOthersDid(nowMs: number): void {
    if (this.buckets === null || this.buckets.isAlone === this.drewTogether) return;
    this.drewTogether = !this.drewTogether;
    this.sharesSinceMs = nowMs;
    // What this worker used of its shares says nothing when it has shares again.
    for (const kind of steadyKinds) this.states.delete(kind);
    this.lastKind = null;
  }

  private overShare(limit: Limit, key: string, nowMs: number, hint: SlotHint | null): number {
    const states = this.statesOf(limit);
    const at = this.ownAt(limit, states, key, nowMs, hint);
    return limit.check(states.numbers, at, nowMs, this.shareOf(key));
  }

  private ownAt(limit: Limit, states: KeyedStates, key: string, nowMs: number, hint: SlotHint | null): number {
    const at = states.at(key, nowMs, hint);
    const { sharesSinceMs } = this;
    if (sharesSinceMs !== null && limit.steady && states.isUntouched(at))
      limit.grew(states.numbers, at, sharesSinceMs, 0, this.shareOf(key));
    return at;
  }

  private statesOf({ kind, width }: Limit): KeyedStates {
    if (kind === this.lastKind) return this.lastStates!;
    let states = this.states.get(kind);
    if (states === undefined) {
      states = new KeyedStates(width);
      this.states.set(kind, states);
      if (kind === counted.kind) this.countedStates = states;
    }
    this.lastKind = kind;
    this.lastStates = states;
    return states;
  }
}

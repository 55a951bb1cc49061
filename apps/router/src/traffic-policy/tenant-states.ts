import type { PolicyState } from './across-workers/policy-state.js';
import type { Place } from './across-workers/place.js';
import type { LimitsBook, TenantRule } from './limits-book.js';
import type { SlotHint } from './limits/keyed-states.js';
import { idleKeptMax, Round, stepsPerNew } from './round.js';
import type { Counted } from './shared-budget/scope-shares.js';

/** All that is asked of one tenant for each of its requests: found once by name, then by whoever keeps it (TenantMemo). */
export class TenantState implements Counted {
  /** There is, or will be, another one of this tenant: nothing may be counted here any more. */
  isForgotten = false;
  /** Where its numbers are, of the first of its limits. */
  readonly slot: SlotHint = { slot: -1 };
  times = 0;
  tick = -1;
  private book: LimitsBook | null = null;
  private rule: TenantRule | null = null;

  constructor(
    /** The tenant. */
    readonly key: string,
    /** Places that it holds. */
    readonly place: Place,
  ) {}

  ruleBy(book: LimitsBook): TenantRule {
    if (this.book !== book || this.rule === null) {
      this.book = book;
      this.rule = book.tenant(this.key);
    }
    return this.rule;
  }
}

/** Of one route, hence of one tenant: what the policy has found of it, kept with the route so that its next request looks nothing up by name. */
export interface TenantMemo {
  found: TenantState | null;
}

/** At most one state of each tenant is not forgotten, so that what is counted in it is counted once. */
export class TenantStates {
  private readonly states = new Map<string, TenantState>();
  private readonly round = new Round(this.states);

  /** `isNeeded`: beside those with something under way. */
  constructor(
    private readonly state: PolicyState,
    private readonly isNeeded: (state: TenantState) => boolean = () => false,
  ) {}

  of(tenant: string, memo: TenantMemo | null = null): TenantState {
    if (memo !== null && memo.found !== null && !memo.found.isForgotten) return memo.found;
    const found = this.states.get(tenant) ?? this.another(tenant);
    if (memo !== null) memo.found = found;
    return found;
  }

  get size(): number {
    return this.states.size;
  }

  /** Looks at the next `steps` tenants of the round, and forgets those with nothing under way. */
  sweep(steps: number): void {
    for (let i = 0; i < steps; i += 1) {
      const next = this.round.next();
      if (next === undefined) return;
      const [tenant, found] = next;
      if (found.place.ours > 0 || this.isNeeded(found)) continue;
      found.isForgotten = true;
      this.states.delete(tenant);
    }
  }

  private another(tenant: string): TenantState {
    if (this.states.size >= idleKeptMax) this.sweep(stepsPerNew);
    const made = new TenantState(tenant, this.state.place('tenant', tenant));
    this.states.set(tenant, made);
    return made;
  }
}

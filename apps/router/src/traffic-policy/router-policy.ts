import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { defaultLimits, type LimitsDocument } from '@lapidary/contracts/limits';
import { ownState, type PolicyState } from './across-workers/policy-state.js';
import type { Random } from './doors/breaker.js';
import { TunnelPlaces } from './bulkhead/tunnel-places.js';
import { LimitsBook, type TenantRule } from './limits-book.js';
import { holdBack } from './hold-back.js';
import type { Limit } from './limits/limit.js';
import { ScopedLimits } from './limits/scoped-limits.js';
import { limited, noPlaceLeft } from './over-limit.js';
import { priorityOf } from './priority-of.js';
import { Budget, type BudgetScope } from './shared-budget/budget.js';
import { StampState } from './stamp-state.js';
import { TenantStates, type TenantMemo, type TenantState } from './tenant-states.js';
import {
  isRefused,
  usualUrgency,
  type Admission,
  type AttemptOutcome,
  type Foreseen,
  type Refused,
  type TrafficPolicy,
  type Waiting,
} from './traffic-policy.js';

export interface RouterPolicyOptions {
  /** Among the routers that share a budget. */
  readonly router: string;
  /** What the names of the workers of its process begin with, where it has any beside itself. */
  readonly family?: string;
  readonly random?: Random;
  /** What it shares with other workers of its process; none. */
  readonly state?: PolicyState;
}

const everybody = 'all';
const idleKeysPerTidy = 10_000;

/**
 * Limits of tenant, stamp and all, then a place at the stamp; a front door, by breaker and load. Whatever refuses does so
 * before anything is counted, but for those that are held back: a refused request uses up nobody's budget.
 */
export class RouterPolicy implements TrafficPolicy {
  readonly stamps = new Map<string, StampState>();
  /** The one asked for last: most requests in a row are for few stamps, and each asks several times. */
  private last: StampState | null = null;
  private book = new LimitsBook(defaultLimits);
  readonly budget: Budget;
  private readonly limits: Readonly<Record<BudgetScope, ScopedLimits>>;
  private readonly state: PolicyState;
  /** Of each tenant, whatever its tier; other routers have their own. */
  private readonly tenants: TenantStates;
  private readonly tunnels: TunnelPlaces;

  constructor(private readonly options: RouterPolicyOptions = { router: 'alone' }) {
    this.state = options.state ?? ownState();
    this.tunnels = new TunnelPlaces(this.state);
    this.budget = new Budget(options.router, {
      onGrown: (scope, key, share, by) => this.limits[scope].grew(this.limitsOf(scope, key), key, performance.now(), share, by),
      isSibling: (router) => options.family !== undefined && router.startsWith(options.family),
      onCompany: (hasCompany) => this.state.buckets?.knowOthers(hasCompany),
    });
    const { scopes } = this.budget;
    this.tenants = new TenantStates(this.state, (state) => scopes.tenant.isCounting(state));
    const { buckets } = this.state;
    const limitsOf = (scope: BudgetScope): ScopedLimits => new ScopedLimits(scope, (key) => scopes[scope].shareOf(key), buckets);
    this.limits = { tenant: limitsOf('tenant'), stamp: limitsOf('stamp'), global: limitsOf('global') };
  }

  /** Takes effect with the next request; what has been used stays used. */
  limitBy(document: LimitsDocument): void {
    this.book = new LimitsBook(document);
  }

  get patience(): LimitsBook {
    return this.book;
  }

  get document(): LimitsDocument {
    return this.book.document;
  }

  admit(tenant: TenantRoute, stamp: StampRoute, nowMs: number, urgency = usualUrgency, memo: TenantMemo | null = null): Admission {
    const of = this.tenants.of(tenant.tenant, memo);
    const rule = of.ruleBy(this.book);
    const state = this.stampState(stamp);
    this.want(of, rule, stamp.stamp, state);
    const refused = this.refusal(of, rule, stamp.stamp, state, nowMs);
    if (refused !== null) return refused;
    const { compartment } = state;
    const priority = priorityOf(rule.priority, urgency);
    const { tenantInFlightMax } = state.rule;
    if (!of.place.enter(tenantInFlightMax)) return noPlaceLeft(tenantInFlightMax);
    const hasEntered = (priority === 0 || compartment.waiting === 0) && compartment.enter(priority);
    if (!hasEntered && !compartment.mayWait(priority)) {
      of.place.leave();
      return compartment.refused('no place for this priority');
    }

    state.retries.requested(state.rule.retryRatio);
    state.hedges.requested(state.rule.hedgeRatio);
    const drawnMs = this.draw(of, rule, stamp.stamp, state, nowMs);
    if (typeof drawnMs !== 'number') {
      if (hasEntered) compartment.leave();
      of.place.leave();
      return drawnMs;
    }
    const heldBackMs = Math.max(drawnMs, this.count(of, rule, stamp.stamp, state, nowMs));
    if (heldBackMs === 0 && hasEntered) return 'go';
    if (hasEntered) compartment.leave();
    return this.giveBackIfRefused(of, stamp, heldBackMs > 0 ? holdBack(state, priority, heldBackMs) : compartment.wait(priority));
  }

  release({ tenant }: TenantRoute, stamp: StampRoute, _nowMs?: number, memo: TenantMemo | null = null): void {
    const state = this.known(stamp.stamp);
    this.giveBack(this.tenants.of(tenant, memo), stamp);
    state?.compartment.leave();
  }

  openTunnel({ tenant }: TenantRoute, stamp: StampRoute): (() => void) | Refused {
    const { rule, compartment } = this.stampState(stamp);
    const entered = this.tunnels.enter(tenant, stamp.stamp, rule);
    if (entered === 'tenant') return noPlaceLeft(rule.tenantTunnelsMax, 'tenant-tunnels');
    return entered === 'stamp' ? compartment.refused(`all of its ${rule.tunnelsMax} tunnels are open`) : entered;
  }

  choose(stamp: StampRoute, except: ReadonlySet<string>, nowMs: number): string | Refused {
    const state = this.stampState(stamp);
    return state.doors.choose(stamp, except, state.rule.doorInUseMax, nowMs);
  }

  attempted(stamp: string, frontDoor: string, outcome: AttemptOutcome, tookMs: number, nowMs: number, tenant: string): void {
    const state = this.known(stamp);
    state?.doors.attempted(frontDoor, outcome, tookMs, nowMs, tenant);
    state?.compartment.adaptive.attempted(outcome, tookMs, nowMs, tenant);
    if (state === undefined || state.rule.hedgeRatio === 0) return;
    if (outcome === 'answered') state.slowAnswers.answered(tookMs);
    else if (outcome === 'overtaken') state.slowAnswers.overtaken(tookMs);
  }

  hedgeAfterMs(stamp: string): number {
    const state = this.known(stamp);
    return state === undefined || state.rule.hedgeRatio === 0 ? 0 : state.slowAnswers.afterMs;
  }

  /** A stamp that is unwell is not asked twice: what is slow there is slow at every door. */
  mayHedge(stamp: string, nowMs: number): boolean {
    const state = this.known(stamp);
    return state !== undefined && !state.compartment.adaptive.isUnwell && state.hedges.take(0, nowMs);
  }

  mayRetry(stamp: string, nowMs: number): boolean {
    const state = this.stamps.get(stamp);
    return state === undefined || state.retries.take(state.rule.retriesPerSecondMin / this.state.workers, nowMs);
  }

  foresee(tenant: TenantRoute, stamp: StampRoute, nowMs: number): Foreseen {
    const of = this.tenants.of(tenant.tenant);
    const rule = of.ruleBy(this.book);
    const state = this.stampState(stamp);
    const { compartment, doors } = state;
    const admission = this.refusal(of, rule, stamp.stamp, state, nowMs) ?? 'go';
    const left = this.limits.tenant.remaining(rule.limits, tenant.tenant, nowMs);
    const room = `${compartment.inFlight} of ${compartment.limit} places at ${stamp.stamp} taken${compartment.adaptive.isUnwell ? ', it is unwell' : ''}`;
    const limits = `tier ${rule.tier}, priority ${rule.priority}, ${left === null ? 'no rate limit' : `${left} requests left`}; ${room}`;
    const door = doors.foresee(stamp, state.rule.doorInUseMax, nowMs);
    const breakers = doors.all.map(({ url, breaker, inUse }) => `${url}: breaker ${breaker.state}, ${inUse} in use`).join('; ');
    const select = isRefused(door) ? `${door.reason} (${breakers})` : `front door ${door} (${breakers})`;
    return { admission, door, reasons: { limits: isRefused(admission) ? admission.reason : limits, select } };
  }

  /** Off the hot path, now and then: forgets what is idle, and stamps that the directory no longer has. */
  tidy(stamps: { has(name: string): boolean }, nowMs: number): void {
    for (const scope of Object.values(this.limits)) scope.sweep(idleKeysPerTidy, nowMs);
    this.state.buckets?.sweep(idleKeysPerTidy, nowMs);
    this.tenants.sweep(idleKeysPerTidy);
    for (const [name, { compartment }] of this.stamps) if (!stamps.has(name) && isIdle(compartment.ours)) this.stamps.delete(name);
    this.last = null;
  }

  private known(stamp: string): StampState | undefined {
    if (this.last?.stamp === stamp) return this.last;
    const known = this.stamps.get(stamp);
    if (known) this.last = known;
    return known;
  }

  stampState(stamp: StampRoute): StampState {
    const known = this.known(stamp.stamp);
    if (known) {
      known.keepTo(stamp, this.book);
      return known;
    }
    const made = new StampState(stamp, this.book, this.options.random, this.state);
    this.stamps.set(stamp.stamp, made);
    this.last = made;
    return made;
  }

  private limitsOf(scope: BudgetScope, key: string): readonly Limit[] {
    return scope === 'tenant' ? this.book.tenant(key).limits : scope === 'stamp' ? this.book.stamp(key).limits : this.book.global;
  }

  /** What is refused is demand, too. Counted for what has limits only. */
  private want(tenant: TenantState, rule: TenantRule, stamp: string, state: StampState): void {
    const { scopes } = this.budget;
    if (rule.limits.length > 0) scopes.tenant.count(tenant);
    if (state.rule.limits.length > 0) scopes.stamp.wanted(stamp);
    if (this.book.global.length > 0) scopes.global.wanted(everybody);
  }

  private refusal({ key, slot, place }: TenantState, rule: TenantRule, stamp: string, state: StampState, nowMs: number): Refused | null {
    const over = this.limits.tenant.over(rule.limits, key, nowMs, slot);
    if (over !== null) return limited(this.limits.tenant.scope, over);
    const { tenantInFlightMax } = state.rule;
    if (place.taken >= tenantInFlightMax) return noPlaceLeft(tenantInFlightMax);
    const overStamp = this.limits.stamp.over(state.rule.limits, stamp, nowMs);
    if (overStamp !== null) return limited(this.limits.stamp.scope, overStamp);
    const overAll = this.limits.global.over(this.book.global, everybody, nowMs);
    return overAll === null ? null : limited(this.limits.global.scope, overAll);
  }

  /** From what workers share. Milliseconds to be held back; where another one was quicker, nothing is drawn. */
  private draw(
    { key, slot }: TenantState,
    rule: TenantRule,
    stamp: string,
    { rule: { limits } }: StampState,
    nowMs: number,
  ): number | Refused {
    const { tenant, stamp: ofStamp, global } = this.limits;
    const tenantMs = tenant.draw(rule.limits, key, nowMs, slot);
    if (tenantMs === null) return limited(tenant.scope, tenant.lost!);
    const stampMs = ofStamp.draw(limits, stamp, nowMs);
    const allMs = stampMs === null ? null : global.draw(this.book.global, everybody, nowMs);
    if (stampMs !== null && allMs !== null) return Math.max(tenantMs, stampMs, allMs);
    tenant.undraw(rule.limits, key, nowMs, slot);
    if (stampMs !== null) ofStamp.undraw(limits, stamp, nowMs);
    const { scope, lost } = stampMs === null ? ofStamp : global;
    return limited(scope, lost!);
  }

  private count({ key, slot }: TenantState, rule: TenantRule, stamp: string, { rule: { limits } }: StampState, nowMs: number): number {
    const tenantMs = this.limits.tenant.count(rule.limits, key, nowMs, slot);
    const stampMs = this.limits.stamp.count(limits, stamp, nowMs);
    return Math.max(tenantMs, stampMs, this.limits.global.count(this.book.global, everybody, nowMs));
  }

  private giveBackIfRefused(tenant: TenantState, stamp: StampRoute, waiting: Waiting): Waiting {
    const admission = waiting.admission.then((settled) => {
      if (isRefused(settled)) this.giveBack(tenant, stamp);
      return settled;
    });
    return { ...waiting, admission };
  }

  private giveBack({ key, place }: TenantState, { stamp }: StampRoute): void {
    place.leave();
    this.limits.tenant.give(key);
    this.limits.stamp.give(stamp);
    this.limits.global.give(everybody);
  }
}

const isIdle = ({ inFlight, waiting }: { readonly inFlight: number; readonly waiting: number }): boolean => inFlight + waiting === 0;

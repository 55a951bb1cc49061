import type { BudgetReport } from '@lapidary/contracts/router-protocol';
import { ScopeShares, type Demand } from './scope-shares.js';

export const budgetScopes = ['tenant', 'stamp', 'global'] as const;
export type BudgetScope = (typeof budgetScopes)[number];

/** Between two reports. Shares follow demand in three of them; each costs a message of some kilobytes per router. */
export const budgetTickMs = 250;
/** A peer that has not been heard for so long may be about to be missed: no share grows meanwhile. */
const freshMs = 2 * budgetTickMs;
/** A peer that is silent keeps its part for so long: it may be serving, cut off from us. So long one cut off keeps its own. */
export const leaseMs = 10_000;
/** Between two of our own ticks: others may seem to be gone that are not. */
const stoodStillMs = leaseMs / 2;
/** What we tell comes back to us, too. For so long without it, that the link says that it is up means nothing: what it carries gets nowhere. */
const echoMs = 8 * budgetTickMs;
/** After the link has come up, others may be about to be heard; so long one more is counted than was heard. */
const joiningMs = 2 * budgetTickMs;

/** Workers of all the region's routers. Whoever has a router's credentials can give as many names as it likes, and each keeps its demands here. */
export const peersMax = 4_096;

/** Ourselves, and one that may be there. */
const unknownRouters = 2;

export interface BudgetParts {
  readonly onGrown: (scope: BudgetScope, key: string, share: number, by: number) => void;
  /** Whether the router of that name is another worker of this process. */
  readonly isSibling: (router: string) => boolean;
  /** Others than siblings have come, or are gone; at the beginning they may be there. */
  readonly onCompany: (hasCompany: boolean) => void;
}

interface Peer {
  readonly heardAtMs: number;
  /** Of its newest report; −1: it doesn't tell. */
  readonly tick: number;
  readonly demands: Record<BudgetScope, Demand>;
}

/**
 * One budget over the region's routers: each tells its demand, each works out its own share from what it told and heard,
 * and decides by it alone (P-TH3). Pure but for the messages, which somebody else carries (gossip.ts).
 */
export class Budget {
  readonly scopes: Record<BudgetScope, ScopeShares>;
  private readonly peers = new Map<string, Peer>();
  private siblings = 1;
  private isSettled = false;
  private hasCompany = true;
  private upSinceMs: number | null = null;
  private downSinceMs: number | null = null;
  private tickedAtMs: number | null = null;
  private ticks = 0;
  private lookedAtMs: number | null = null;
  /** When we last heard ourselves; null: never. */
  private echoedAtMs: number | null = null;

  constructor(
    readonly router: string,
    private readonly parts: BudgetParts,
  ) {
    const { onGrown } = parts;
    const scopeOf = (scope: BudgetScope): ScopeShares => new ScopeShares((key, share, by) => onGrown(scope, key, share, by));
    this.scopes = { tenant: scopeOf('tenant'), stamp: scopeOf('stamp'), global: scopeOf('global') };
  }

  get routers(): number {
    return Math.max(this.peers.size + 1, this.siblings);
  }

  /** A report that comes again, or behind a newer one, says nothing: shares would follow from demands that nobody reckons with any more. */
  hear({ router, leaving, tick = -1, demand }: BudgetReport, nowMs: number): void {
    if (router === this.router) return void (this.echoedAtMs = nowMs);
    if (this.peers.size >= peersMax && !this.peers.has(router)) return;
    if (tick >= 0 && tick <= (this.peers.get(router)?.tick ?? -1) && !leaving) return;
    if (leaving) {
      this.peers.delete(router);
      return this.tellCompany();
    }
    const of = (scope: BudgetScope): Demand => new Map(Object.entries(demand[scope]));
    this.peers.set(router, { heardAtMs: nowMs, tick, demands: { tenant: of('tenant'), stamp: of('stamp'), global: of('global') } });
    this.tellCompany();
  }

  /**
   * Others may be there: until they have been heard, or nobody has, no more than half is taken. `siblings`: how many there are in this
   * process, ourselves included, heard or not: one of them may begin a second after another.
   */
  begin(siblings: number): void {
    this.siblings = siblings;
    for (const scope of budgetScopes) this.scopes[scope].divideEvenly(Math.max(unknownRouters, siblings));
  }

  /** Once in budgetTickMs. What is to be told, or null while there is nobody to tell. */
  tick(isConnected: boolean, nowMs: number): BudgetReport | null {
    if (this.isUnheard(nowMs) || !isConnected) return this.alone(nowMs);
    this.downSinceMs = null;
    // What the others said while this process stood still is read behind this tick, and their silence says nothing of them.
    const stoodStill = this.tickedAtMs !== null && nowMs - this.tickedAtMs > stoodStillMs;
    this.tickedAtMs = nowMs;
    if (stoodStill) this.upSinceMs = nowMs;
    this.upSinceMs ??= nowMs;
    for (const [router, { heardAtMs }] of this.peers) if (!stoodStill && nowMs - heardAtMs > leaseMs) this.peers.delete(router);
    const isJoining = nowMs - this.upSinceMs < joiningMs;
    this.isSettled ||= !isJoining;
    this.tellCompany();
    const peers = [...this.peers.values()];
    const isFresh = !isJoining && peers.every(({ heardAtMs }) => nowMs - heardAtMs <= freshMs);
    const tell = (scope: BudgetScope): Record<string, number> => {
      const demand = this.scopes[scope].tell(budgetTickMs);
      this.scopes[scope].divide({
        routers: this.routers + (isJoining ? 1 : 0),
        peers: peers.map(({ demands }) => demands[scope]),
        isFresh,
      });
      return recordOf(demand);
    };
    this.ticks += 1;
    return {
      router: this.router,
      leaving: false,
      tick: this.ticks,
      demand: { tenant: tell('tenant'), stamp: tell('stamp'), global: tell('global') },
    };
  }

  /** Cut off: the last shares for as long as the others leave us ours, then an even part of what there were. */
  private alone(nowMs: number): null {
    this.upSinceMs = null;
    // The others take our part over once they have not heard us for the lease, and they have not since we have not heard ourselves.
    this.downSinceMs ??= Math.min(nowMs, this.echoedAtMs ?? nowMs);
    const holdMs = this.peers.size === 0 ? joiningMs : leaseMs;
    if (nowMs - this.downSinceMs >= holdMs) {
      for (const scope of budgetScopes) this.scopes[scope].divideEvenly(this.routers);
    }
    this.isSettled ||= !this.hasHeardOthers && nowMs - this.downSinceMs >= joiningMs;
    this.tellCompany();
    return null;
  }

  /** While this process stood still it told nothing, either. */
  private isUnheard(nowMs: number): boolean {
    const stoodStill = this.lookedAtMs !== null && nowMs - this.lookedAtMs > stoodStillMs;
    this.lookedAtMs = nowMs;
    if (stoodStill && this.echoedAtMs !== null) this.echoedAtMs = nowMs;
    return this.echoedAtMs !== null && nowMs - this.echoedAtMs > echoMs;
  }

  private get hasHeardOthers(): boolean {
    return [...this.peers.keys()].some((router) => !this.parts.isSibling(router));
  }

  /** Others than the workers of this process have been heard, or may be about to be. */
  private tellCompany(): void {
    const hasCompany = !this.isSettled || this.hasHeardOthers;
    if (hasCompany === this.hasCompany) return;
    this.hasCompany = hasCompany;
    this.parts.onCompany(hasCompany);
  }
}

/** Without a prototype V8 keeps it as a table from the start: of hundreds of keys it would else make a class with each, which is most of the time. */
const recordOf = (demand: Demand): Record<string, number> => {
  const record = Object.create(null) as Record<string, number>;
  for (const [key, rate] of demand) record[key] = rate;
  return record;
};

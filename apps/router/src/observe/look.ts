import type { CompartmentState } from '@lapidary/contracts/api/traffic';
import type { PolicyPart } from '../traffic-policy/policy-part.js';
import type { TierState } from '../transport/tier-states.js';
import type { HopCounts } from './latency-budget.js';
import type { Observer } from './observer.js';
import type { CountedWindow } from './traffic-figures.js';

/** More than anybody reads; with names of 63 characters some kilobytes. */
export const tenantsShown = 50;

/** What one thread that takes requests knows of its traffic; several are one router's (traffic-report.ts). Plain data: it travels between threads. */
export interface Look {
  readonly window: CountedWindow;
  readonly hops: HopCounts;
  readonly compartments: readonly CompartmentState[];
  readonly limitsVersion: number | null;
  readonly budgetRouters: number;
  /** What its connections are, and why. */
  readonly sockets: SocketsLook;
}

export interface SocketsLook {
  readonly tier: TierState;
  readonly reason: string;
}

export const lookAt = ({ figures, budget }: Observer, { limits, policy }: PolicyPart, sockets: SocketsLook): Look => {
  const nowMs = performance.now();
  return {
    window: figures.read(nowMs, tenantsShown),
    hops: budget.read(nowMs),
    compartments: [...policy.stamps].map(([stamp, { compartment, doors }]) => ({
      stamp,
      ...compartment.ours,
      limit: compartment.limit,
      unwell: compartment.adaptive.isUnwell,
      doors: doors.all.map((door) => ({ url: door.url, breaker: door.breaker.state, suspect: door.isSuspect(nowMs), inUse: door.inUse })),
    })),
    limitsVersion: limits.version,
    budgetRouters: policy.budget.routers,
    sockets,
  };
};

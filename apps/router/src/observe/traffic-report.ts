import type { CompartmentState, TrafficSummary } from '@lapidary/contracts/api/traffic';
import type { PolicyPart } from '../traffic-policy/policy-part.js';
import type { Observer } from './observer.js';

/** More than anybody reads; with names of 63 characters some kilobytes. */
const tenantsShown = 50;

/** What this router tells of its traffic: `GET /traffic`, and every two seconds to its control plane. */
export const trafficReport = (router: string, observer: Observer, part: PolicyPart): TrafficSummary => {
  const nowMs = performance.now();
  const { seconds, stamps, tenants } = observer.figures.read(nowMs, tenantsShown);
  return {
    router,
    atMs: Date.now(),
    windowSeconds: seconds,
    limitsVersion: part.limits.version,
    budgetRouters: part.policy.budget.routers,
    stamps,
    tenants,
    compartments: compartmentsOf(part, nowMs),
  };
};

export const compartmentsOf = ({ policy }: PolicyPart, nowMs: number): CompartmentState[] =>
  [...policy.stamps].map(([stamp, { compartment, doors }]) => ({
    stamp,
    inFlight: compartment.inFlight,
    waiting: compartment.waiting,
    limit: compartment.limit,
    unwell: compartment.adaptive.isUnwell,
    doors: doors.all.map((door) => ({
      url: door.url,
      breaker: door.breaker.state,
      suspect: door.isSuspect(nowMs),
      inUse: door.inUse,
    })),
  }));

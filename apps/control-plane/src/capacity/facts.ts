import type { isolations } from '@lapidary/contracts/api/stamps';
import type { StampStatus } from '../stamps/stamp-states.js';

export type Isolation = (typeof isolations)[number];

export interface StampRoom {
  readonly name: string;
  readonly status: StampStatus;
  /** By a person; what a roll-out holds for a while is no loss of room. */
  readonly cordoned: boolean;
  readonly isolation: Isolation;
  readonly capacityUnits: number;
  readonly takenUnits: number;
  readonly tenants: number;
}

export interface WaitingTenant {
  readonly id: string;
  readonly units: number;
  readonly tier: Isolation;
}

/** The stamp that would be built for tenants of a tier, as its spec resolves now. */
export interface NextStamp {
  readonly name: string;
  readonly capacityUnits: number;
  /** It exists already and could not be built. */
  readonly isRetry: boolean;
}

export interface BuildHistory {
  readonly p90Ms: number;
  readonly samples: number;
}

/** What the policy's own builds came to. */
export interface LastBuild {
  readonly stamp: string;
  readonly endedAtMs: number;
  /** Failed or cancelled ones in a row; 0 after one that succeeded. */
  readonly failures: number;
}

export interface MonthlyCost {
  /** Null: not known. */
  readonly nowUsd: number | null;
  readonly nextUsd: Readonly<Record<Isolation, number | null>>;
}

/** Everything a decision about another stamp is made from. Plain values: the decision reads nothing else. */
export interface CapacityFacts {
  readonly region: string;
  readonly nowMs: number;
  readonly stamps: readonly StampRoom[];
  readonly waiting: readonly WaitingTenant[];
  /** Pooled units placed less given back per day, over the window; null without any placement in it. */
  readonly netUnitsPerDay: number | null;
  readonly build: BuildHistory | null;
  /** A stamp that is being built in the region, by whomever. */
  readonly building: string | null;
  readonly lastBuild: LastBuild | null;
  readonly next: Readonly<Record<Isolation, NextStamp | null>>;
  /** Null: there is no limit, so nobody asked. */
  readonly cost: MonthlyCost | null;
}

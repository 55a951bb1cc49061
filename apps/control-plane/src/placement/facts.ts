import type { stampHealths } from '@lapidary/contracts/api/stamps';
import type { tiers } from '@lapidary/contracts/api/tenants';
import type { StampStatus } from '../stamps/stamp-states.js';

/** What placement knows of a tenant. Plain values: rules and scores read nothing else. */
export interface TenantFacts {
  readonly id: string;
  readonly homeRegion: string;
  readonly weight: number;
  /** Regions or jurisdictions; empty: no restriction. */
  readonly residency: readonly string[];
  readonly tier: (typeof tiers)[number];
  readonly labels: Readonly<Record<string, string>>;
}

/** What placement knows of a stamp. A tenant's own units are left out of `usedUnits` where it is evaluated again. */
export interface StampFacts {
  readonly name: string;
  readonly region: string;
  readonly jurisdiction: string;
  readonly status: StampStatus;
  readonly cordoned: boolean;
  readonly cordonReason: string | null;
  readonly health: (typeof stampHealths)[number];
  /** What is amiss while its agent is heard. */
  readonly healthReason: string | null;
  readonly ring: string;
  readonly isolation: TenantFacts['tier'];
  readonly capacityUnits: number;
  readonly usedUnits: number;
  readonly reservedUnits: number;
  readonly tenants: number;
}

export const freeUnits = (stamp: StampFacts): number => stamp.capacityUnits - stamp.usedUnits - stamp.reservedUnits;

export interface Verdict {
  readonly pass: boolean;
  /** In plain words, with the numbers that decided. */
  readonly reason: string;
}

/** A hard rule: a stamp that one rule refuses is no candidate, whatever its scores. */
export type Rule = (tenant: TenantFacts, stamp: StampFacts) => Verdict;

export interface Points {
  /** 0 to 100, higher is better. */
  readonly value: number;
  readonly reason: string;
}

/** A soft preference among the stamps that every rule lets pass. `fleet` is all of them, so that scores may be relative. */
export type Score = (tenant: TenantFacts, stamp: StampFacts, fleet: readonly StampFacts[]) => Points;

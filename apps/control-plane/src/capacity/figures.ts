import type { CapacityFigures } from '@lapidary/contracts/api/capacity';
import type { CapacityPolicy } from '@lapidary/contracts/stamp-spec';
import { dayMs, round } from './capacity-text.js';
import { demandOf, takesTenants, type Demand } from './demand.js';
import type { CapacityFacts, Isolation } from './facts.js';

/** Until a region has built a stamp, building one is taken to last as long as a cloud's databases do at worst. */
export const assumedBuildMs = 30 * 60_000;

export const tiers: readonly Isolation[] = ['pooled', 'dedicated'];

export const demandFor = (facts: CapacityFacts, tier: Isolation): Demand =>
  demandOf(
    facts.stamps.filter((s) => s.isolation === tier),
    facts.waiting.filter((t) => t.tier === tier),
    facts.next[tier]?.capacityUnits ?? 0,
  );

export const unitsOf = (list: readonly { readonly units: number }[]): number => list.reduce((sum, { units }) => sum + units, 0);

/** The numbers a decision is made by and told with. Rounded here, so that what is shown is what decided. */
export const figuresOf = (facts: CapacityFacts, policy: CapacityPolicy, isolation: Isolation = 'pooled'): CapacityFigures => {
  const pooled = facts.stamps.filter((s) => s.isolation === 'pooled' && takesTenants(s));
  const total = pooled.reduce((sum, s) => sum + s.capacityUnits, 0);
  const free = pooled.reduce((sum, s) => sum + s.capacityUnits - s.takenUnits, 0);
  const rate = facts.netUnitsPerDay;
  const demands = tiers.map((tier) => demandFor(facts, tier));
  const nowUsd = facts.cost?.nowUsd ?? null;
  const nextUsd = facts.cost?.nextUsd[isolation] ?? null;
  return {
    stamps: facts.stamps.filter((s) => s.status !== 'retired').length,
    units: { total, free },
    headroomPercent: total === 0 ? null : round((free / total) * 100),
    pending: {
      tenants: facts.waiting.length,
      units: unitsOf(facts.waiting),
      unfitUnits: unitsOf(demands.flatMap((d) => d.unfit)),
      tooLarge: demands.flatMap((d) => d.tooLarge.map((t) => t.id)),
    },
    netUnitsPerDay: rate === null ? null : round(rate, 2),
    daysToFull: rate !== null && rate > 0 ? round(free / rate, 5) : null,
    leadTimeDays: round((policy.leadTimeFactor * (facts.build?.p90Ms ?? assumedBuildMs)) / dayMs, 5),
    buildSamples: facts.build?.samples ?? 0,
    monthlyCostUsd: facts.cost && { now: nowUsd, withNext: nowUsd === null || nextUsd === null ? null : round(nowUsd + nextUsd, 2) },
  };
};

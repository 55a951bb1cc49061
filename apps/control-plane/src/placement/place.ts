import type { CandidateSchema } from '@lapidary/contracts/api/tenants';
import type { z } from 'zod';
import type { StampFacts, TenantFacts } from './facts.js';
import type { PlacementPolicy } from './policy.js';
import { rules } from './rules/all.js';
import { scores } from './scores/all.js';

export type Candidate = z.infer<typeof CandidateSchema>;

export interface Choice {
  /** Name of the best stamp, or null where none is eligible. */
  readonly chosen: string | null;
  readonly summary: string;
  /** Every stamp that was looked at, best first, then the refused ones by name. */
  readonly candidates: readonly Candidate[];
}

/** Decisions are read by people: more digits would only look exact. */
const round = (value: number): number => Math.round(value * 100) / 100;

const byName = (a: { readonly stamp: string }, b: { readonly stamp: string }): number =>
  a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0;

/**
 * Where the tenant should go: rules filter, scores rank, the name breaks ties, so that the same facts give the same
 * decision in every process and in whatever order they were read. Pure; the reservation (reserve.ts) makes it hold.
 */
export const place = (tenant: TenantFacts, stamps: readonly StampFacts[], policy: PlacementPolicy): Choice => {
  const judged = stamps.map((stamp) => {
    const verdicts = Object.entries(rules).map(([rule, judge]) => ({ rule, ...judge(tenant, stamp) }));
    return { stamp, verdicts, eligible: verdicts.every((verdict) => verdict.pass) };
  });
  const fleet = judged.filter((j) => j.eligible).map((j) => j.stamp);
  const candidates = judged.map(({ stamp, verdicts, eligible }): Candidate => {
    const ranked = eligible ? scoresOf(tenant, stamp, fleet, policy) : [];
    return { stamp: stamp.name, region: stamp.region, eligible, rules: verdicts, scores: ranked, total: eligible ? totalOf(ranked) : null };
  });
  candidates.sort((a, b) => (b.total ?? -1) - (a.total ?? -1) || byName(a, b));
  const best = candidates[0]?.eligible ? candidates[0] : undefined;
  return { chosen: best?.stamp ?? null, summary: summaryOf(candidates, best, policy), candidates };
};

const scoresOf = (tenant: TenantFacts, stamp: StampFacts, fleet: readonly StampFacts[], policy: PlacementPolicy): Candidate['scores'] =>
  Object.entries(scores).map(([score, rate]) => {
    const { value, reason } = rate(tenant, stamp, fleet);
    return { score, value: round(value), weight: policy.weights[score] ?? 0, reason };
  });

/** Weighted mean. A policy that weighs nothing leaves the choice to the names. */
const totalOf = (ranked: Candidate['scores']): number => {
  const weight = ranked.reduce((sum, s) => sum + s.weight, 0);
  return weight === 0 ? 0 : round(ranked.reduce((sum, s) => sum + s.value * s.weight, 0) / weight);
};

const summaryOf = (candidates: readonly Candidate[], best: Candidate | undefined, policy: PlacementPolicy): string => {
  const eligible = candidates.filter((c) => c.eligible).length;
  if (best)
    return `${best.stamp} with ${best.total} points, best of ${eligible} eligible among ${candidates.length} stamps (policy ${policy.version})`;
  if (candidates.length === 0) return `no stamp exists yet (policy ${policy.version})`;
  return `no room: ${refusals(candidates)} (policy ${policy.version})`;
};

/** Counts each refused stamp under the first rule that refused it: "2 by capacity, 1 by cordon". */
const refusals = (candidates: readonly Candidate[]): string => {
  const counts = new Map<string, number>();
  for (const candidate of candidates) {
    const rule = candidate.rules.find((verdict) => !verdict.pass)?.rule ?? 'nothing';
    counts.set(rule, (counts.get(rule) ?? 0) + 1);
  }
  const listed = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, count]) => `${count} by ${rule}`);
  return `${candidates.length} stamps refused, ${listed.join(', ')}`;
};

import type { CapacityFigures, CapacityVerdict } from '@lapidary/contracts/api/capacity';
import type { CapacityPolicy } from '@lapidary/contracts/stamp-spec';
import { daysText } from '@lapidary/kernel/days-text';
import { count, dayMs, enoughText, minuteMs } from './capacity-text.js';
import type { CapacityFacts, Isolation, NextStamp } from './facts.js';
import { demandFor, figuresOf, tiers, unitsOf } from './figures.js';

/** A build that fails again and again is tried once a day. */
const backOffMsMax = dayMs;

export interface Due {
  readonly trigger: NonNullable<CapacityVerdict['trigger']>;
  readonly isolation: Isolation;
  readonly reason: string;
}

export interface Decided {
  readonly verdict: CapacityVerdict;
  readonly figures: CapacityFigures;
}

const nothing = { action: 'none', trigger: null, blockedBy: null, stamp: null, isolation: null } as const;

/**
 * Whether the region needs another stamp, and whether it gets one now (P-ST3): waiting tenants without room first, then the
 * headroom, then the forecast; one build at a time, within the limits. Pure: the same facts give the same verdict.
 */
export const decide = (facts: CapacityFacts, policy: CapacityPolicy): Decided => {
  const before = figuresOf(facts, policy);
  const due = dueOf(facts, policy, before);
  if (!due) return { figures: before, verdict: { ...nothing, reason: enoughText(before) } };
  const figures = figuresOf(facts, policy, due.isolation);
  const next = facts.next[due.isolation];
  const about = { trigger: due.trigger, isolation: due.isolation, stamp: next?.name ?? null };
  const block = blockOf(facts, policy, figures, due, next);
  if (block) return { figures, verdict: { ...about, action: 'none', blockedBy: block.by, reason: `${due.reason}; ${block.why}` } };
  return { figures, verdict: { ...about, action: policy.mode === 'act' ? 'build' : 'suggest', blockedBy: null, reason: due.reason } };
};

export const dueOf = (facts: CapacityFacts, policy: CapacityPolicy, figures: CapacityFigures): Due | undefined => {
  for (const isolation of tiers) {
    const { unfit } = demandFor(facts, isolation);
    if (unfit.length === 0) continue;
    const verb = unfit.length === 1 ? 'waits' : 'wait';
    const reason = `${count(unfit.length, `${isolation} tenant`)} of ${count(unitsOf(unfit), 'unit')} ${verb} for room that is not there`;
    return { trigger: 'pending', isolation, reason };
  }
  const { units, headroomPercent, daysToFull, leadTimeDays, netUnitsPerDay } = figures;
  if (headroomPercent === null) return { trigger: 'headroom', isolation: 'pooled', reason: 'no pooled stamp takes tenants' };
  if (headroomPercent < policy.headroomPercent) {
    const reason = `${units.free} of ${count(units.total, 'unit')} are free, ${headroomPercent} %; the policy wants ${policy.headroomPercent} %`;
    return { trigger: 'headroom', isolation: 'pooled', reason };
  }
  if (daysToFull === null || daysToFull >= leadTimeDays) return undefined;
  const how = figures.buildSamples === 0 ? 'assumed' : `measured by ${count(figures.buildSamples, 'build')}`;
  const lead = `the lead time is ${daysText(leadTimeDays)} (${how})`;
  return {
    trigger: 'forecast',
    isolation: 'pooled',
    reason: `at ${netUnitsPerDay ?? 0} units a day it is full in ${daysText(daysToFull)}; ${lead}`,
  };
};

interface Block {
  readonly by: NonNullable<CapacityVerdict['blockedBy']>;
  readonly why: string;
}

/**
 * Limits are told only once no build is under way: the stamp that is coming may make another one needless, and until then nobody has
 * to change anything. Apart from that, what a person has to change comes first, what passes by itself last.
 */
const blockOf = (
  facts: CapacityFacts,
  policy: CapacityPolicy,
  figures: CapacityFigures,
  due: Due,
  next: NextStamp | null,
): Block | undefined => {
  if (policy.mode === 'off') return { by: 'mode_off', why: 'the policy of the region is off' };
  if (!next) return { by: 'no_spec', why: `no spec for another ${due.isolation} stamp can be made from the files` };
  if (facts.building !== null) return { by: 'building', why: `${facts.building} is being built` };
  if (!next.isRetry && figures.stamps >= policy.stampsMax) {
    const there = `there ${figures.stamps === 1 ? 'is' : 'are'} ${count(figures.stamps, 'stamp')}`;
    return { by: 'stamps_max', why: `${there}, at most ${policy.stampsMax} ${policy.stampsMax === 1 ? 'is' : 'are'} allowed` };
  }
  const cost = policy.monthlyCostUsdMax === undefined ? undefined : costBlock(policy.monthlyCostUsdMax, figures, next);
  if (cost) return cost;
  const waitMs = cooldownLeftMs(facts, policy, due);
  return waitMs > 0 ? { by: 'cooldown', why: `the next build waits for another ${daysText(waitMs / dayMs)}` } : undefined;
};

/** Not knowing is no permission: somebody set a limit. */
const costBlock = (maxUsd: number, { monthlyCostUsd }: CapacityFigures, next: NextStamp): Block | undefined => {
  const usd = monthlyCostUsd?.withNext ?? null;
  if (usd === null) return { by: 'cost_unknown', why: `what it would cost is not known, and the limit is ${maxUsd} USD a month` };
  if (usd <= maxUsd) return undefined;
  return { by: 'cost_max', why: `with ${next.name} the stamps would cost ${usd} USD a month, at most ${maxUsd} are allowed` };
};

/**
 * After a build that succeeded, headroom and forecast wait for the cool-down, so that its room shows first; tenants that still
 * find none are no forecast and don't wait. After one that failed everything waits, twice as long each time.
 */
const cooldownLeftMs = ({ lastBuild, nowMs }: CapacityFacts, policy: CapacityPolicy, due: Due): number => {
  if (!lastBuild || (lastBuild.failures === 0 && due.trigger === 'pending')) return 0;
  const minutes = lastBuild.failures === 0 ? policy.cooldownMinutes : Math.max(1, policy.cooldownMinutes) * 2 ** (lastBuild.failures - 1);
  return lastBuild.endedAtMs + Math.min(backOffMsMax, minutes * minuteMs) - nowMs;
};

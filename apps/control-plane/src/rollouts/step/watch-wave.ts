import type { Check } from '@lapidary/contracts/api/rollouts';
import { ailmentOf, compareHealth } from '../gates/compare-health.js';
import { controlOf, judgeMember, judgeWave } from '../judge.js';
import type { MemberState, RolloutObservations, WaveState } from '../rollout-state.js';
import type { Draft } from './draft.js';

/** Every changed stamp of the wave, and the wave as a whole, against the control group. Stamps that are found worse fail here. */
export const watchWave = (draft: Draft, wave: WaveState, seen: RolloutObservations): void => {
  const soaking = draft.membersOf(wave).filter((m) => m.status === 'soaking');
  const health = watchHealth(draft, soaking, seen);
  const single = soaking.flatMap((member) => watchTraffic(draft, member, seen, soaking.length));
  // What one stamp explains is that stamp's: the failure budget is for it. The rest must do well as a whole.
  const rest = soaking.filter((m) => m.status === 'soaking' && m.failingSinceMs === null);
  const whole = judgeWave(draft.state, seen, wave, rest);
  wave.failingSinceMs = failingSince(wave.failingSinceMs, whole, draft.nowMs);
  wave.checks = [health, ...whole, ...single.filter((c) => c.outcome === 'fail' || c.outcome === 'hold')];
};

const watchHealth = (draft: Draft, soaking: readonly MemberState[], seen: RolloutObservations): Check => {
  const { state, nowMs } = draft;
  const versions = new Map((seen.fleet ?? []).map((s) => [s.name, s.version]));
  const ailments = new Map<string, string>();
  for (const member of soaking) {
    const observed = seen.stamps.get(member.stamp);
    // Not observed is neither well nor unwell: what was known stays.
    if (!observed) continue;
    const ailment = ailmentOf(observed, state.kind, state.target) ?? templateAilment(draft, versions.get(member.stamp));
    if (ailment !== null) ailments.set(member.stamp, ailment);
    member.unhealthySinceMs = ailment === null ? null : (member.unhealthySinceMs ?? nowMs);
  }
  const control = controlOf(state, seen).flatMap((name) => seen.stamps.get(name) ?? []);
  const { stamps: lasting, ...check } = compareHealth({
    changed: soaking.map((m) => ({ stamp: m.stamp, unwellMs: m.unhealthySinceMs === null ? null : nowMs - m.unhealthySinceMs })),
    control,
    unwellMsMax: state.policy.unhealthySeconds * 1_000,
  });
  if (check.outcome === 'fail') {
    for (const member of soaking) if (lasting.includes(member.stamp)) fail(draft, member, ailments.get(member.stamp) ?? check.why);
  }
  const unseen = soaking.filter((m) => !seen.stamps.has(m.stamp)).map((m) => m.stamp);
  return check.outcome === 'pass' && unseen.length > 0
    ? { ...check, outcome: 'hold', why: `${unseen.join(', ')} can’t be observed` }
    : check;
};

const templateAilment = ({ state }: Draft, version: string | null | undefined): string | null =>
  state.kind === 'template' && version !== undefined && version !== state.target
    ? `its region renders template ${version ?? 'unknown'}, not ${state.target}`
    : null;

const watchTraffic = (draft: Draft, member: MemberState, seen: RolloutObservations, atOnce: number): Check[] => {
  if (member.status !== 'soaking') return [];
  const checks = judgeMember(draft.state, seen, member, atOnce);
  member.failingSinceMs = failingSince(member.failingSinceMs, checks, draft.nowMs);
  const failing = checks.find((c) => c.outcome === 'fail');
  if (failing && member.failingSinceMs !== null && isConfirmed(draft, member.failingSinceMs)) fail(draft, member, failing.why);
  return checks.map((c) => ({ ...c, why: `${member.stamp}: ${c.why}` }));
};

const fail = (draft: Draft, member: MemberState, why: string): void => {
  draft.moveMember(member, 'fail', why);
  draft.say('error', why, { member });
};

/** One bad look may be a spike: what fails must fail at every look for a while. What can't be judged changes nothing. */
const failingSince = (since: number | null, checks: readonly Check[], nowMs: number): number | null => {
  if (checks.some((c) => c.outcome === 'fail')) return since ?? nowMs;
  return checks.length > 0 && checks.some((c) => c.outcome !== 'unjudged') ? null : since;
};

export const isConfirmed = ({ state, nowMs }: Draft, sinceMs: number): boolean => nowMs - sinceMs >= state.policy.confirmSeconds * 1_000;

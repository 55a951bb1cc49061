import type { Traffic } from '@lapidary/contracts/agent-protocol';
import type { Check } from '@lapidary/contracts/api/rollouts';
import { addTraffic, noTraffic } from '../health/traffic-window.js';
import { compareErrors } from './gates/compare-errors.js';
import { compareLatency } from './gates/compare-latency.js';
import type { MemberState, RolloutObservations, RolloutState, WaveState } from './rollout-state.js';
import { activeWaveStatuses, touchedMemberStatuses } from './rollout-states.js';

/** Windows that begin within so short a time are one: fewer to ask for. */
const grainMs = 2_000;

/** At most the last soak time counts: what was bad before it and is well again shall not weigh for ever. */
const windowMsMin = 60_000;

const startOf = (state: RolloutState, sinceMs: number, atMs: number): number => {
  const earliest = atMs - Math.max(windowMsMin, state.policy.soakSeconds * 1_000);
  return Math.ceil(Math.max(sinceMs + state.policy.settleSeconds * 1_000, earliest) / grainMs) * grainMs;
};

/** Beginnings of all windows that a step wants to see, when it looks at `atMs`. */
export const windowStarts = (state: RolloutState, atMs: number): number[] => {
  const active = state.waves.filter((w) => activeWaveStatuses.includes(w.status));
  const waves = active.flatMap((w) => (w.soakingSinceMs === null ? [] : [startOf(state, w.soakingSinceMs, atMs)]));
  const members = state.members.flatMap((m) =>
    m.status === 'soaking' && m.changedAtMs !== null && active.some((w) => w.position === m.wave)
      ? [startOf(state, m.changedAtMs, atMs)]
      : [],
  );
  return [...new Set([...waves, ...members])].filter((start) => start < atMs).sort((a, b) => a - b);
};

/**
 * With whom changed stamps are compared: the stamps that the roll-out has not touched. Where none is left, those whose
 * waves passed: they have the same version, and it was found good there.
 */
export const controlOf = (state: RolloutState, { fleet }: RolloutObservations): string[] => {
  const touched = new Set(
    state.members.filter((m) => [...touchedMemberStatuses, 'skipped', 'reverted'].includes(m.status)).map((m) => m.stamp),
  );
  const untouched = (fleet ?? [])
    .filter((s) => s.status === 'active' && s.version !== state.target && !touched.has(s.name))
    .map((s) => s.name);
  return untouched.length > 0 ? untouched : state.members.filter((m) => m.status === 'passed').map((m) => m.stamp);
};

/** Errors and latency of these stamps since then, against the control group over the same time. `atOnce`: how many such groups are compared. */
const judge = (state: RolloutState, seen: RolloutObservations, stamps: readonly string[], startMs: number, atOnce: number): Check[] => {
  const window = seen.traffic.get(startMs);
  const sum = (names: readonly string[]): Traffic =>
    names.reduce((total, name) => addTraffic(total, window?.get(name) ?? noTraffic()), noTraffic());
  const controls = controlOf(state, seen);
  // Not known is not none: without a picture of the fleet there may be many to compare with.
  const control = controls.length === 0 && seen.fleet ? null : sum(controls);
  const significance = state.policy.significance / Math.max(1, atOnce);
  return [
    compareErrors(state.policy, sum(stamps), control, significance),
    compareLatency(state.policy, sum(stamps), control, significance),
  ];
};

export const judgeMember = (state: RolloutState, seen: RolloutObservations, member: MemberState, atOnce: number): Check[] =>
  member.changedAtMs === null ? [] : judge(state, seen, [member.stamp], startOf(state, member.changedAtMs, seen.atMs), atOnce);

export const judgeWave = (state: RolloutState, seen: RolloutObservations, wave: WaveState, members: readonly MemberState[]): Check[] =>
  wave.soakingSinceMs === null || members.length === 0
    ? []
    : judge(
        state,
        seen,
        members.map((m) => m.stamp),
        startOf(state, wave.soakingSinceMs, seen.atMs),
        1,
      );

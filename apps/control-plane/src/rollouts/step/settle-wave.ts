import type { Verdict } from '@lapidary/contracts/api/rollouts';
import type { WaveState } from '../rollout-state.js';
import type { Draft } from './draft.js';
import { isConfirmed } from './watch-wave.js';

const failedStatuses: readonly string[] = ['failed', 'reverting', 'reverted', 'stuck'];

/** Whether the wave has failed, may pass, or has to wait on; its verdict is written once and kept. */
export const settleWave = (draft: Draft, wave: WaveState): void => {
  const members = draft.membersOf(wave);
  const failed = members.filter((m) => failedStatuses.includes(m.status));
  const { failuresMax } = draft.state.policy;
  if (failed.length > failuresMax) {
    const budget = failuresMax === 0 ? 'none may' : `at most ${failuresMax} may`;
    return failWave(draft, wave, `${failed.map((m) => `${m.stamp}: ${m.message ?? 'it failed'}`).join('; ')} (${budget} fail)`);
  }
  if (wave.failingSinceMs !== null && isConfirmed(draft, wave.failingSinceMs)) {
    return failWave(draft, wave, wave.checks.find((c) => c.outcome === 'fail')?.why ?? 'worse than the control group');
  }
  for (const member of members) if (member.status === 'failed') draft.revert(member, member.message ?? 'it failed');
  if (wave.status === 'changing' && !members.some((m) => m.status === 'waiting' || m.status === 'changing')) {
    draft.moveWave(wave, 'soak');
    draft.say('info', `changed; watched for ${draft.state.policy.soakSeconds} s`, { wave });
  } else if (wave.status === 'soaking') maybePass(draft, wave);
};

const failWave = (draft: Draft, wave: WaveState, why: string): void => {
  draft.moveWave(wave, 'fail');
  wave.verdict = verdictOf(draft, 'failed', why, wave);
  draft.say('error', `failed: ${why}`, { wave });
  draft.moveRollout('halt', `wave ${wave.name} failed: ${why}`);
  for (const member of draft.membersOf(wave)) {
    if (['changing', 'soaking', 'failed'].includes(member.status)) draft.revert(member, member.message ?? `wave ${wave.name} failed`);
  }
};

const verdictOf = (draft: Draft, outcome: Verdict['outcome'], why: string, wave: WaveState): Verdict => ({
  outcome,
  at: new Date(draft.nowMs).toISOString(),
  why,
  checks: structuredClone(wave.checks),
});

const maybePass = (draft: Draft, wave: WaveState): void => {
  const { policy, resumedAtMs } = draft.state;
  const members = draft.membersOf(wave);
  const soaking = members.filter((m) => m.status === 'soaking');
  if (members.some((m) => m.status === 'waiting' || m.status === 'changing' || m.status === 'reverting')) return;
  if (soaking.length === 0) {
    const lost = members.filter((m) => failedStatuses.includes(m.status));
    return lost.length > 0
      ? failWave(draft, wave, 'no stamp of it is left at the target')
      : passWave(draft, wave, 'passed', 'none of its stamps is left');
  }
  const soakedAtMs = Math.max(...soaking.map((m) => m.changedAtMs ?? 0), wave.soakingSinceMs ?? 0) + policy.soakSeconds * 1_000;
  if (draft.nowMs < soakedAtMs) return;
  const open = wave.checks.filter((c) => c.outcome !== 'pass');
  const isOnlyQuiet = open.every((c) => c.outcome === 'unjudged');
  if (open.length === 0 && wave.checks.some((c) => c.measure !== 'health')) return passWave(draft, wave, 'passed', 'every check passed');
  if (isOnlyQuiet && policy.whenUnjudged === 'pass')
    return passWave(draft, wave, 'passed', 'healthy; too few requests to be judged, which its policy lets pass');
  if (draft.state.status !== 'running' || draft.nowMs < Math.max(soakedAtMs, resumedAtMs) + policy.patienceSeconds * 1_000) return;
  const why = open.map((c) => c.why).join('; ');
  draft.moveRollout('pause', `wave ${wave.name} can’t be judged: ${why}`);
  draft.say('warning', `no verdict after ${policy.patienceSeconds} s: ${why}. Somebody must approve, resume or abort`, { wave });
};

/** Also for a person who accepts a wave that can't be judged. */
export const passWave = (draft: Draft, wave: WaveState, outcome: 'passed' | 'accepted', why: string): void => {
  draft.moveWave(wave, 'pass');
  wave.verdict = verdictOf(draft, outcome, why, wave);
  draft.say('info', `${outcome}: ${why}`, { wave });
  for (const member of draft.membersOf(wave)) if (member.status === 'soaking') draft.moveMember(member, 'pass', null);
};

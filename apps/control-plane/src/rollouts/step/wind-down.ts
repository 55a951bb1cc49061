import type { MemberState } from '../rollout-state.js';
import type { Draft } from './draft.js';

const openMembers: readonly string[] = ['changing', 'soaking', 'failed', 'reverting'];

/** The ways to an end other than completion: each waits for what is under way, then closes. */
export const windDown = (draft: Draft): void => {
  switch (draft.state.status) {
    case 'halting':
      return finishHalt(draft);
    case 'aborting':
      return finishAbort(draft);
    case 'rolling_back':
      return rollBack(draft);
    default:
  }
};

const skipRest = (draft: Draft): void => {
  for (const wave of draft.state.waves) if (wave.status === 'pending' || wave.status === 'awaiting') draft.moveWave(wave, 'skip');
};

const stuckOf = (draft: Draft): string => {
  const stuck = draft.state.members.filter((m) => m.status === 'stuck').map((m) => m.stamp);
  return stuck.length === 0 ? '' : `; ${stuck.join(', ')} could not be taken back and needs a person`;
};

const finishHalt = (draft: Draft): void => {
  const failed = draft.state.waves.find((w) => w.status === 'failed');
  if (failed && draft.membersOf(failed).some((m) => openMembers.includes(m.status))) return;
  if (failed) draft.moveWave(failed, 'revert');
  skipRest(draft);
  draft.moveRollout('settle', draft.state.statusReason);
  draft.say('error', `halted; the failed wave is taken back${stuckOf(draft)}`);
};

const finishAbort = (draft: Draft): void => {
  if (draft.state.members.some((m) => m.status === 'changing' || m.status === 'reverting')) return;
  skipRest(draft);
  draft.moveRollout('settle', draft.state.statusReason);
  draft.say('warning', 'aborted; each stamp keeps what it has');
};

/** Last changed, first back; no more at once than went forward. */
const rollBack = (draft: Draft): void => {
  const { members, policy } = draft.state;
  const due = members.filter((m) => ['changing', 'soaking', 'passed', 'failed'].includes(m.status)).sort(lastWaveFirst);
  const free = policy.concurrencyMax - members.filter((m) => m.status === 'reverting').length;
  for (const member of due.slice(0, Math.max(0, free))) draft.revert(member, draft.state.statusReason ?? 'rolled back');
  if (members.some((m) => openMembers.includes(m.status) || m.status === 'passed')) return;
  for (const wave of draft.state.waves)
    if (['changing', 'soaking', 'passed', 'failed'].includes(wave.status)) draft.moveWave(wave, 'revert');
  skipRest(draft);
  draft.moveRollout('settle', draft.state.statusReason);
  draft.say('warning', `rolled back${stuckOf(draft)}`);
};

const lastWaveFirst = (a: MemberState, b: MemberState): number => b.wave - a.wave || (a.stamp < b.stamp ? -1 : 1);

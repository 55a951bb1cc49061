import type { RolloutVerb } from '@lapidary/contracts/api/rollouts';
import { AppError } from '@lapidary/kernel/app-error';
import type { RolloutLine, RolloutState } from './rollout-state.js';
import { Draft } from './step/draft.js';
import { passWave } from './step/settle-wave.js';

/** What a person may tell a roll-out. Throws illegal_transition where it makes no sense now. */
export const applyVerb = (
  before: RolloutState,
  verb: RolloutVerb,
  actor: string,
  reason: string | null,
  nowMs: number,
): { state: RolloutState; lines: readonly RolloutLine[] } => {
  const draft = new Draft(before, nowMs);
  const by = reason === null ? actor : `${actor}: ${reason}`;
  verbs[verb](draft, actor, by);
  return { state: draft.state, lines: draft.lines };
};

const verbs: Readonly<Record<RolloutVerb, (draft: Draft, actor: string, by: string) => void>> = {
  approve: (draft, actor, by) => approve(draft, actor, by),
  pause: (draft, _actor, by) => {
    draft.moveRollout('pause', by);
    draft.say('warning', `paused by ${by}`);
  },
  resume: (draft, _actor, by) => resume(draft, by),
  abort: (draft, _actor, by) => {
    draft.moveRollout('abort', by);
    draft.say('warning', `to be aborted, by ${by}`);
  },
  rollback: (draft, _actor, by) => {
    draft.moveRollout('rollback', by);
    draft.say('warning', `to be rolled back, by ${by}`);
    for (const member of draft.state.members) {
      member.reverts = 0;
      if (member.status === 'stuck') draft.revert(member, by);
    }
  },
};

const resume = (draft: Draft, by: string): void => {
  draft.moveRollout('resume', null);
  draft.state.resumedAtMs = draft.nowMs;
  draft.say('info', `goes on, by ${by}`);
};

/** The start of a wave that waits for it; or the verdict on one that soaks and can't be judged. */
const approve = (draft: Draft, actor: string, by: string): void => {
  const wave = draft.current;
  const isOpen = draft.state.status === 'running' || draft.state.status === 'paused';
  if (isOpen && wave?.status === 'awaiting') {
    wave.approvedBy = actor;
    return draft.say('info', `approved by ${by}`, { wave });
  }
  if (!isOpen || wave?.status !== 'soaking') {
    throw new AppError('illegal_transition', 'Nothing waits for an approval', {
      details: { status: draft.state.status, wave: wave?.status ?? null },
    });
  }
  const failing = wave.checks.find((c) => c.outcome === 'fail');
  if (failing) throw new AppError('illegal_transition', `Wave ${wave.name} is worse than the control group: ${failing.why}`);
  passWave(draft, wave, 'accepted', `by ${by}`);
  if (draft.state.status === 'paused') resume(draft, by);
};

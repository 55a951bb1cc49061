import type { MemberState, RolloutState } from './rollout-state.js';
import { releasedMemberStatuses } from './rollout-states.js';

/** What is to be asked of a stamp's region. Follows from the state alone: whoever takes over asks for the same (I8). */
export type Effect =
  | { readonly kind: 'change'; readonly stamp: string; readonly region: string; readonly attempt: number; readonly version: string }
  | { readonly kind: 'release'; readonly stamp: string; readonly region: string; readonly attempt: number };

const closed: readonly string[] = ['halted', 'aborted', 'rolled_back', 'completed'];
/** Held until a person has looked, however the roll-out ended. */
const keptHeld: readonly string[] = ['changing', 'reverting', 'failed', 'stuck'];

export const effectsOf = (state: RolloutState): Effect[] => state.members.flatMap((member) => effectOf(state, member));

const effectOf = (state: RolloutState, { stamp, region, attempt, status, job, held, fromVersion }: MemberState): Effect[] => {
  if (status === 'changing' && job === null) return [{ kind: 'change', stamp, region, attempt, version: state.target }];
  if (status === 'reverting' && job === null) return [{ kind: 'change', stamp, region, attempt, version: fromVersion ?? state.base }];
  const isOver = releasedMemberStatuses.includes(status) || (closed.includes(state.status) && !keptHeld.includes(status));
  return held && isOver ? [{ kind: 'release', stamp, region, attempt }] : [];
};

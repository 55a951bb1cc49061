import type { RolloutLine, RolloutObservations, RolloutState } from '../rollout-state.js';
import { activeWaveStatuses } from '../rollout-states.js';
import { adoptFleet } from './adopt-fleet.js';
import { Draft } from './draft.js';
import { goOn } from './go-on.js';
import { settleWave } from './settle-wave.js';
import { takeOutcomes } from './take-outcomes.js';
import { watchWave } from './watch-wave.js';
import { windDown } from './wind-down.js';
import { yieldToRival } from './yield-to-rival.js';

/**
 * One step of a roll-out: what it becomes when this is seen at this time. Pure, and level-triggered: it asks what is so,
 * not what has just happened, so that a step which was lost, or made twice, makes no difference.
 */
export const step = (
  before: RolloutState,
  seen: RolloutObservations,
  nowMs: number,
): { state: RolloutState; lines: readonly RolloutLine[] } => {
  const draft = new Draft(before, nowMs);
  adoptFleet(draft, seen);
  takeOutcomes(draft, seen);
  yieldToRival(draft, seen);
  if (draft.state.status === 'running' || draft.state.status === 'paused') {
    const wave = draft.current;
    if (wave && activeWaveStatuses.includes(wave.status)) {
      watchWave(draft, wave, seen);
      settleWave(draft, wave);
    }
    goOn(draft, seen);
  }
  windDown(draft);
  return { state: draft.state, lines: draft.lines };
};

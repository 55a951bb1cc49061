import type { RolloutView } from '@lapidary/contracts/api/rollouts';
import { openRolloutStatuses } from '@lapidary/contracts/api/rollouts';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { appendLines, findRollout, lockRollout, saveRollout, writeParts } from './rollout-rows.js';
import type { RolloutLine, RolloutState } from './rollout-state.js';
import { rolloutViewOf } from './rollout-view.js';

export type RolloutMove = (before: RolloutState) => { readonly state: RolloutState; readonly lines: readonly RolloutLine[] };

/** Figures of checks change at every look; they are no move. */
const withoutFigures = (state: RolloutState): string => JSON.stringify({ ...state, waves: state.waves.map((w) => ({ ...w, checks: [] })) });

/**
 * Moves a roll-out under its lock: state, lines, event (I5) and audit (I10) in one transaction. `action` is what the
 * audit calls it. A move that changes only figures is written without an event.
 */
export const changeRollout = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  id: string,
  action: string,
  move: RolloutMove,
): Promise<RolloutView> => {
  const stored = await lockRollout(tx, id);
  if (!stored) throw new AppError('not_found', `There is no roll-out ${id}`);
  assertOwnRegion(context, stored.row.region, `roll-out ${id}`);
  const { state, lines } = move(stored.state);
  if (withoutFigures(state) === withoutFigures(stored.state) && lines.length === 0) {
    await writeParts(tx, stored.state, state);
    return rolloutViewOf({ ...stored, state });
  }
  await saveRollout(tx, stored.state, state, !openRolloutStatuses.includes(state.status));
  await appendLines(tx, id, lines);
  await recordAudit(tx, context, `rollout.${action}`, `rollout/${id}`, {
    status: { before: stored.state.status, after: state.status },
    lines: lines.map(({ wave, stamp, message }) => ({ wave, stamp, message })),
  });
  return await announce(tx, context, clock, id);
};

export const announce = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, id: string): Promise<RolloutView> => {
  const stored = await findRollout(tx, id);
  if (!stored) throw new Error(`roll-out ${id} is not there after its change`);
  const rollout = rolloutViewOf(stored);
  await recordEvent(tx, context, clock, 'lapidary.rollout.changed.v1', `rollout/${id}`, { rollout });
  return rollout;
};

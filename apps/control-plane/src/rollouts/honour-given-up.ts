import { openRolloutStatuses, type GivenUpRollout } from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { DataSource } from 'typeorm';
import type { CommandContext } from '../http/command-context.js';
import { releaseFromRollout } from '../stamps/hold-stamp.js';
import { changeRollout } from './change-rollout.js';
import type { RolloutLine, RolloutState } from './rollout-state.js';
import { Draft } from './step/draft.js';

const touched: readonly string[] = ['changing', 'soaking', 'failed', 'reverting', 'stuck'];

/** GU6: ends it wherever it stands. Each stamp keeps what it has; what was under way on it goes on as a job, and is waited for by nobody. */
export const abandon = (
  before: RolloutState,
  { by, region, reason }: Pick<GivenUpRollout, 'by' | 'region' | 'reason'>,
  nowMs: number,
): { readonly state: RolloutState; readonly lines: readonly RolloutLine[] } => {
  const draft = new Draft(before, nowMs);
  const why = `given up by ${by} in region ${region}, which could not hear this one${reason === null ? '' : `: ${reason}`}`;
  for (const member of draft.state.members) if (touched.includes(member.status)) draft.moveMember(member, 'drop', why);
  for (const wave of draft.state.waves) {
    if (wave.status === 'pending' || wave.status === 'awaiting') draft.moveWave(wave, 'skip');
    else if (wave.status === 'changing' || wave.status === 'soaking' || wave.status === 'failed') draft.moveWave(wave, 'leave');
  }
  draft.moveRollout('give_up', why);
  draft.say('warning', why);
  return { state: draft.state, lines: draft.lines };
};

/**
 * What was given up ends here where it is this region's (GU6), and lets go of this region's stamps (GU3). Level-triggered: a hold that was taken
 * while the word was on its way is found the next time. Each in a transaction of its own; `onError` hears of those that must wait.
 */
export const honourGivenUp = async (
  dataSource: DataSource,
  context: CommandContext,
  clock: HybridLogicalClock,
  onError: (rollout: string, error: unknown) => void,
): Promise<void> => {
  const own = await rowsOf<{ id: string; told: GivenUpRollout }>(
    dataSource,
    'SELECT r.id, g.told FROM rollout r JOIN rollout_given_up g ON g.rollout = r.id WHERE r.status = ANY ($1)',
    [openRolloutStatuses],
  );
  for (const { id, told } of own)
    await inTransaction(dataSource, async (tx) =>
      changeRollout(tx, context, clock, id, 'give-up', (before) => abandon(before, told, Date.now())),
    ).catch((error: unknown) => onError(id, error));
  const held = await rowsOf<{ name: string; rollout: string }>(
    dataSource,
    `SELECT s.name, g.rollout FROM stamp s JOIN rollout_given_up g ON g.rollout = s.held_by_rollout WHERE s.region = $1 AND s.status <> 'retired'`,
    [context.region],
  );
  for (const { name, rollout } of held)
    await inTransaction(dataSource, async (tx) => releaseFromRollout(tx, context, clock, name, rollout)).catch((error: unknown) =>
      onError(rollout, error),
    );
};

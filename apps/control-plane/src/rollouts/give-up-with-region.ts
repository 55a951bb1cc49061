import { openRolloutStatuses } from '@lapidary/contracts/api/rollouts';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { DataSource } from 'typeorm';
import type { CommandContext } from '../http/command-context.js';
import { notGivenUp } from '../stamps/given-up-rollouts.js';
import { giveUp } from './given-up.js';

/** GU1: gives up what a region coordinated that was itself given up as lost for good. Asked in its successor alone. Returns how many. */
export const giveUpRolloutsOf = async (
  dataSource: DataSource,
  context: CommandContext,
  clock: HybridLogicalClock,
  region: string,
): Promise<number> => {
  const open = await rowsOf<{ id: string }>(
    dataSource,
    `SELECT c.id FROM rollout_replica c WHERE c.region = $1 AND c.view->>'status' = ANY ($2) AND ${notGivenUp('c.id')} ORDER BY c.id`,
    [region, openRolloutStatuses],
  );
  for (const { id } of open) await inTransaction(dataSource, async (tx) => giveUp(tx, context, clock, id));
  return open.length;
};

import type { StampView } from '@lapidary/contracts/api/stamps';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { nextState } from '@lapidary/kernel/transition-table';
import type { CommandContext } from '../http/command-context.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { recordStampChange } from './record-stamp.js';
import type { StampRow } from './stamp-row.js';
import { stampTransitions, type StampEvent } from './stamp-states.js';
import { lockStamp } from './stamp-store.js';
import { revokeWorkloadTokens } from './workload-tokens.js';

/** Locks the stamp: reservations on it wait for this transaction's end, and then find it no longer active (I9). */
export const lockForRetirement = async (tx: Tx, context: CommandContext, name: string): Promise<StampRow> => {
  const row = await lockStamp(tx, name);
  if (!row) throw new AppError('not_found', `There is no stamp ${name}`);
  assertOwnRegion(context, row.region, `stamp ${name}`);
  return row;
};

/** Nothing is placed on it any more. The caller has locked it and made sure that nothing depends on it. */
export const beginRetirement = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, row: StampRow): Promise<StampView> =>
  await move(tx, context, clock, row, 'retire', 'lapidary.stamp.retiring.v1');

/** Retiring ended before anything was taken away: the stamp is what it was. */
export const endRetirement = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  row: StampRow,
  was: 'active' | 'failed',
): Promise<StampView> => {
  const stamp = await move(tx, context, clock, row, was === 'active' ? 'keep' : 'leave-failed', 'lapidary.stamp.updated.v1');
  if (was === 'active') await notifyCapacity(tx, row.region);
  return stamp;
};

/**
 * The tombstone: the name stays taken, and the directory keeps an entry without front doors, which supersedes the old one
 * in every router's copy. What the agent of a stamp that is no more believes is fenced off by the next epoch (P-HB3).
 */
export const buryStamp = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, name: string): Promise<StampView> => {
  const row = await lockForRetirement(tx, context, name);
  await tx.query(
    `UPDATE stamp SET front_doors = '{}', agent_token_sha256 = NULL, health = 'unknown', health_reason = NULL,
            last_known_heartbeat_at = NULL, epoch = epoch + 1,
            cordoned = false, cordon_reason = NULL, dedicated_tenant = NULL WHERE name = $1`,
    [name],
  );
  await tx.query('DELETE FROM stamp_observation WHERE stamp = $1', [name]);
  await revokeWorkloadTokens(tx, context, name);
  // Its process is gone: there is nobody left to be told to let go of a tenant.
  await tx.query('UPDATE directory_entry SET previous_stamp = NULL WHERE previous_stamp = $1', [name]);
  return await move(tx, context, clock, row, 'bury', 'lapidary.stamp.retired.v1');
};

const move = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  row: StampRow,
  event: StampEvent,
  type: Parameters<typeof recordStampChange>[3],
): Promise<StampView> => {
  const status = nextState(stampTransitions, row.status, event);
  await tx.query('UPDATE stamp SET status = $2, version = version + 1, updated_at = now() WHERE name = $1', [row.name, status]);
  return await recordStampChange(tx, context, clock, type, row.name, { from: row.status, to: status });
};

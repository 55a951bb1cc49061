import type { StampView } from '@lapidary/contracts/api/stamps';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { CommandContext } from '../http/command-context.js';
import { givenUpOf } from './given-up-rollouts.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { recordStampChange } from './record-stamp.js';
import { stampViewOf, type StampRow } from './stamp-row.js';
import { lockStamp } from './stamp-store.js';

const lockOwn = async (tx: Tx, context: CommandContext, name: string): Promise<StampRow> => {
  const row = await lockStamp(tx, name);
  if (!row || row.status === 'retired') throw new AppError('not_found', `There is no stamp ${name}`);
  assertOwnRegion(context, row.region, `stamp ${name}`);
  return row;
};

export interface RolloutHold {
  readonly name: string;
  readonly rollout: string;
  /** Version of the workload that it is to run from now on; null leaves it. */
  readonly workloadVersion: string | null;
  /** Version of the template that it is rendered from, from now on; null leaves it. */
  readonly templateVersion: string | null;
}

/**
 * Holds a stamp for one roll-out: no new tenants, and no other roll-out. A person's cordon stands beside it and is not
 * touched; for one that was given up no stamp is held (GU2). Returns the stamp as it was.
 */
export const holdForRollout = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, hold: RolloutHold): Promise<StampRow> => {
  const row = await lockOwn(tx, context, hold.name);
  if (row.held_by_rollout !== null && row.held_by_rollout !== hold.rollout) {
    const message = `${hold.name} is being changed by roll-out ${row.held_by_rollout}`;
    throw new AppError('rollout_in_progress', message, { details: { rollout: row.held_by_rollout } });
  }
  const givenUp = await givenUpOf(tx, hold.rollout);
  if (givenUp !== null)
    throw new AppError('illegal_transition', `Roll-out ${hold.rollout} was given up by ${givenUp.by} in region ${givenUp.region}`);
  if (row.status !== 'active') {
    throw new AppError('illegal_transition', `${hold.name} is ${row.status}; a roll-out changes stamps that serve`, {
      details: { status: row.status },
    });
  }
  await tx.query(
    `UPDATE stamp SET held_by_rollout = $2, rollout_version = coalesce($3, rollout_version), rollout_template = coalesce($4, rollout_template), version = version + 1, updated_at = now() WHERE name = $1`,
    [hold.name, hold.rollout, hold.workloadVersion, hold.templateVersion],
  );
  await recordStampChange(tx, context, clock, 'lapidary.stamp.updated.v1', hold.name, {
    heldBy: { before: row.held_by_rollout, after: hold.rollout },
    ...(hold.workloadVersion === null ? {} : { workloadVersion: hold.workloadVersion }),
    ...(hold.templateVersion === null ? {} : { templateVersion: hold.templateVersion }),
  });
  return row;
};

/** Lets it take tenants again, unless a person's cordon says otherwise. Another roll-out's hold stays. */
export const releaseFromRollout = async (
  tx: Tx,
  context: CommandContext,
  clock: HybridLogicalClock,
  name: string,
  rollout: string,
): Promise<StampView> => {
  const row = await lockOwn(tx, context, name);
  if (row.held_by_rollout !== rollout) return stampViewOf(row);
  await tx.query('UPDATE stamp SET held_by_rollout = NULL, version = version + 1, updated_at = now() WHERE name = $1', [name]);
  await notifyCapacity(tx, row.region);
  return await recordStampChange(tx, context, clock, 'lapidary.stamp.updated.v1', name, { heldBy: { before: rollout, after: null } });
};

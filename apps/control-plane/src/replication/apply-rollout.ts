import type { RolloutView } from '@lapidary/contracts/api/rollouts';
import type { EventEnvelope } from '@lapidary/contracts/events/envelope';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';

/** Replica of a roll-out that another region coordinates: for lists, and for the version that a new stamp here begins with. */
export const applyRollout = async (tx: Tx, event: EventEnvelope, rollout: RolloutView): Promise<void> => {
  if (rollout.region !== event.originregion) {
    throw new AppError('poison_event', `Region ${event.originregion} told of a roll-out of region ${rollout.region}`);
  }
  await tx.query(
    `INSERT INTO rollout_replica AS r (id, region, view, origin_sequence, created_at) VALUES ($1, $2, $3::jsonb, $4, $5)
     ON CONFLICT (id) DO UPDATE SET view = excluded.view, origin_sequence = excluded.origin_sequence
     WHERE r.region = excluded.region AND r.origin_sequence < excluded.origin_sequence`,
    [rollout.id, rollout.region, JSON.stringify(rollout), event.originsequence, rollout.createdAt],
  );
};

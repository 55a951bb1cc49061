import type { StampView } from '@lapidary/contracts/api/stamps';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { CommandContext } from '../http/command-context.js';
import { requireMatch } from '../http/etag.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { assertOwnRegion } from '../regions/single-writer.js';
import { recordStampChange } from './record-stamp.js';
import { stampViewOf } from './stamp-row.js';
import { lockStamp } from './stamp-store.js';

export interface CordonChange {
  readonly name: string;
  readonly cordoned: boolean;
  /** Needed to cordon; null to uncordon. */
  readonly reason: string | null;
  readonly ifMatch: string | undefined;
}

/** Stops or resumes placing on a stamp; the tenants that are there stay and are served. Asking for what is so already changes nothing. */
export const setCordon = async (tx: Tx, context: CommandContext, clock: HybridLogicalClock, change: CordonChange): Promise<StampView> => {
  const row = await lockStamp(tx, change.name);
  if (!row) throw new AppError('not_found', `There is no stamp ${change.name}`);
  assertOwnRegion(context, row.region, `stamp ${change.name}`);
  requireMatch(change.ifMatch, row.version);
  const reason = change.cordoned ? change.reason : null;
  if (row.cordoned === change.cordoned && row.cordon_reason === reason) return stampViewOf(row);
  await tx.query(`UPDATE stamp SET cordoned = $2, cordon_reason = $3, version = version + 1, updated_at = now() WHERE name = $1`, [
    change.name,
    change.cordoned,
    reason,
  ]);
  if (!change.cordoned) await notifyCapacity(tx, row.region);
  const type = change.cordoned ? 'lapidary.stamp.cordoned.v1' : 'lapidary.stamp.uncordoned.v1';
  return await recordStampChange(tx, context, clock, type, change.name, {
    before: { cordoned: row.cordoned, reason: row.cordon_reason },
    after: { cordoned: change.cordoned, reason },
  });
};

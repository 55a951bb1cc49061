import type { Tx } from '@lapidary/db/transaction';
import { newId } from '@lapidary/kernel/ids';
import type { CommandContext } from '../http/command-context.js';

/** I10: in the same transaction as the write it tells of. `change` holds what differs, never secrets. */
export const recordAudit = async (
  tx: Tx,
  context: CommandContext,
  action: string,
  subject: string,
  change: Record<string, unknown> | null,
): Promise<void> => {
  await tx.query(`INSERT INTO audit (id, actor, action, subject, reason, request_id, change) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)`, [
    newId(),
    context.actor,
    action,
    subject,
    context.reason,
    context.requestId,
    change === null ? null : JSON.stringify(change),
  ]);
};

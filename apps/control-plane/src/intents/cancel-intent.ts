import type { Tx } from '@lapidary/db/transaction';
import { nextState } from '@lapidary/kernel/transition-table';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import type { IntentRow } from './intent-row.js';
import { intentTransitions } from './intent-states.js';
import { endIntent, getIntent, wakeDispatch } from './intent-store.js';

/**
 * Takes an intent back: at once where nothing was sent, else the owner is asked (IN2). Asking twice is no mistake; what has ended
 * otherwise answers illegal_transition.
 */
export const cancelIntent = async (tx: Tx, context: CommandContext, id: string): Promise<IntentRow> => {
  const row = await getIntent(tx, id, { lock: true });
  if (row.state === 'cancelling' || row.state === 'cancelled') return row;
  const state = nextState(intentTransitions, row.state, 'cancel');
  if (state === 'cancelled') await endIntent(tx, row.id, state, context.actor, null);
  // settled_by says who asked, until the owner's verdict is there.
  else
    await tx.query(`UPDATE intent SET state = $2, settled_by = $3, next_attempt_at = now() WHERE id = $1`, [row.id, state, context.actor]);
  await recordAudit(tx, context, 'intent.cancel', `intent/${context.region}.${row.id}`, { from: row.state, to: state });
  await wakeDispatch(tx);
  return await getIntent(tx, row.id);
};

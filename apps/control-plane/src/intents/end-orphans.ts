import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { nextState } from '@lapidary/kernel/transition-table';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import { intentColumns, type IntentRow } from './intent-row.js';
import { intentTransitions } from './intent-states.js';
import { endIntent } from './intent-store.js';

/** One transaction's worth. */
const endedAtOnceMax = 100;

/** IN7: ends what waits for a region that was given up as lost for good; what it may have done of it, it took with it. Returns how many; there may be more. */
export const endOrphans = async (tx: Tx, context: CommandContext, owner: string): Promise<number> => {
  const rows = await rowsOf<IntentRow>(
    tx,
    `SELECT ${intentColumns} FROM intent WHERE owner = $1 AND settled_at IS NULL ORDER BY id LIMIT $2 FOR UPDATE`,
    [owner, endedAtOnceMax],
  );
  for (const row of rows) {
    const state = nextState(intentTransitions, row.state, 'lose');
    await endIntent(tx, row.id, state, context.actor, null);
    const why = `Region ${owner} was given up as lost for good${row.state === 'queued' ? '' : '; whether it was executed there before, nobody can tell'}`;
    await tx.query('UPDATE intent SET last_error = $2 WHERE id = $1', [row.id, why]);
    await recordAudit(tx, context, 'intent.lose', `intent/${context.region}.${row.id}`, { from: row.state, to: state, owner });
  }
  return rows.length;
};

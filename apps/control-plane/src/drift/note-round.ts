import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { recordAudit } from '../audit/record-audit.js';
import type { CommandContext } from '../http/command-context.js';
import type { FindingRow } from './finding-rows.js';
import { afterRepair } from './repair-states.js';
import { toldToAll } from './shown-paths.js';

export interface RepairResult {
  readonly outcome: string;
  readonly why: string | null;
  /** Refused for a cause that passes by itself: it says nothing of whether repairs help. */
  readonly passes?: boolean;
}

/** A finding was repaired once more, whatever came of it, at however many peers (repair-states.ts, P3). What passes is in the audit only. */
export const noteRound = async (tx: Tx, context: CommandContext, finding: FindingRow, result: RepairResult): Promise<void> => {
  const { outcome, why } = result;
  const [row] = await rowsOf<{ rounds: number; quarantined: boolean }>(
    tx,
    `SELECT repair_rounds AS rounds, quarantined_at IS NOT NULL AS quarantined FROM drift_finding
      WHERE id = $1 AND resolved_at IS NULL FOR UPDATE`,
    [finding.id],
  );
  if (row && !result.passes) {
    const isGivenUp = afterRepair(row.rounds, row.quarantined) === 'quarantined';
    await tx.query(
      `UPDATE drift_finding SET repair_rounds = repair_rounds + 1, quarantined_at = CASE WHEN $2 THEN coalesce(quarantined_at, now()) END WHERE id = $1`,
      [finding.id, isGivenUp],
    );
  }
  // Everybody who may read anything reads the audit: which document it is, the finding says, to who may be shown it.
  const [told] = await toldToAll(tx, [{ subject: finding.subject, path: finding.path }]);
  await recordAudit(tx, context, 'drift.repair', `drift/${finding.id}`, { ...told, outcome, why });
};

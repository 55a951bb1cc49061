import type { ChainReport } from '@lapidary/contracts/api/system';
import type { Tx } from '@lapidary/db/transaction';
import { auditFactColumns, chainHash, chainStart, type AuditFacts } from './chain.js';

type Reader = Pick<Tx, 'query'>;

const pageSize = 1_000;

/**
 * Recomputes the whole chain. Finds a changed, dropped or inserted row and a cut-off end (against the head that is kept
 * in `origin`). Who may write to the database may forge all of it; copies of the head kept elsewhere guard against that.
 */
export const verifyChain = async (reader: Reader): Promise<ChainReport> => {
  const [head]: { audit_sequence: string; audit_hash: string }[] = await reader.query(`SELECT audit_sequence, audit_hash FROM origin`);
  const lastSequence = Number(head?.audit_sequence ?? 0);
  let hash = chainStart;
  let checked = 0;
  for (;;) {
    const rows: (AuditFacts & { sequence: string; hash: string })[] = await reader.query(
      `SELECT ${auditFactColumns}, sequence, hash FROM audit WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3`,
      [checked, lastSequence, pageSize],
    );
    for (const row of rows) {
      const sequence = checked + 1;
      if (Number(row.sequence) !== sequence) return brokenAt(checked, sequence, 'the row is missing');
      hash = chainHash(hash, sequence, row);
      if (row.hash !== hash) return brokenAt(checked, sequence, 'the row was changed after it was sealed');
      checked = sequence;
    }
    if (rows.length < pageSize) break;
  }
  if (checked < lastSequence) return brokenAt(checked, checked + 1, 'the row is missing');
  if (hash !== (head?.audit_hash ?? chainStart)) return brokenAt(checked, checked, 'the chain ends with another hash than the head says');
  return { ok: true, checked, broken: null };
};

const brokenAt = (checked: number, sequence: number, why: string): ChainReport => ({ ok: false, checked, broken: { sequence, why } });

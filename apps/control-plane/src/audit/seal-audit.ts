import type { Tx } from '@lapidary/db/transaction';
import { auditFactColumns, chainHash, type AuditFacts } from './chain.js';

/** One transaction's work: some 20 ms, so that nobody waits for the origin row. */
const batchMax = 500;

/**
 * Chains what has been committed since. Only rows of transactions older than every open one are taken ("xid < xmin"):
 * nothing that commits later can belong before them. The lock on `origin` keeps a second sealer out. Returns how many
 * rows were sealed; a full batch means that there may be more.
 */
export const sealAudit = async (tx: Tx): Promise<{ sealed: number; isFull: boolean }> => {
  const [head]: { audit_sequence: string; audit_hash: string }[] = await tx.query(
    `SELECT audit_sequence, audit_hash FROM origin FOR NO KEY UPDATE`,
  );
  if (!head) return { sealed: 0, isFull: false };
  const rows: AuditFacts[] = await tx.query(
    `SELECT ${auditFactColumns} FROM audit WHERE sequence IS NULL AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, position LIMIT $1`,
    [batchMax],
  );
  if (rows.length === 0) return { sealed: 0, isFull: false };
  let hash = head.audit_hash;
  let sequence = Number(head.audit_sequence);
  const sealed = rows.map((row) => {
    sequence += 1;
    hash = chainHash(hash, sequence, row);
    return { id: row.id, sequence, hash };
  });
  await tx.query(
    `UPDATE audit a SET sequence = s.sequence, hash = s.hash
       FROM unnest($1::text[], $2::bigint[], $3::text[]) AS s(id, sequence, hash) WHERE a.id = s.id`,
    [sealed.map((s) => s.id), sealed.map((s) => s.sequence), sealed.map((s) => s.hash)],
  );
  await tx.query(`UPDATE origin SET audit_sequence = $1, audit_hash = $2`, [sequence, hash]);
  return { sealed: sealed.length, isFull: sealed.length === batchMax };
};

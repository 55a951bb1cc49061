import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import type { Position } from '@lapidary/replication/version-vector';
import { judgeLog, type KnownOfLog } from '@lapidary/replication/recovery/judge-log';
import { saysMore } from '@lapidary/replication/recovery/reconcile-rules';
import { isFenced, startedElsewhere } from '@lapidary/replication/recovery/recovery-states';
import type { DataSource } from 'typeorm';
import { holdCredentials } from '../auth/held-credentials.js';
import { databaseIdentity } from './database-identity.js';
import { addEvidence, moveRecovery, readRecovery, recoveryContext, type Evidence } from './recovery-rows.js';

/** Region, epoch and last sequence of this database's own log. */
const ownLog = async (db: Pick<Tx, 'query'>): Promise<Position & { readonly region: string }> => {
  const [row] = await rowsOf<{ region: string; epoch: number; sequence: string }>(db, 'SELECT region, epoch, sequence FROM origin');
  if (!row) throw new Error('the origin row is missing');
  return { ...row, sequence: Number(row.sequence) };
};

/** The event at a place of this region's log; null where there is none any more. */
const eventAt = async (db: Pick<Tx, 'query'>, sequence: number): Promise<string | null> => {
  const [row] = await rowsOf<{ id: string }>(
    db,
    'SELECT o.id FROM outbox_number n JOIN outbox o ON o.position = n.position WHERE n.sequence = $1',
    [sequence],
  );
  return row?.id ?? null;
};

/**
 * Looks whether another region, or this region's own stream, holds more of its log than it does; then it is fenced. Asked each second by
 * each peer: an ordinary look costs one read where the peer names its last event, and else none.
 */
export const noticeSetBack = async (dataSource: DataSource, from: string, known: KnownOfLog, origin: Position): Promise<boolean> => {
  const named = known.last && known.epoch === origin.epoch ? await eventAt(dataSource, known.last.sequence) : null;
  const verdict = judgeLog(origin, known, named);
  if (verdict !== 'behind' && verdict !== 'forked') return false;
  await fence(dataSource, { from, epoch: known.epoch, sequence: known.sequence, ...(verdict === 'forked' ? { forked: true } : {}) });
  return true;
};

/** Of a suspected region: a peer that was restored itself can't vouch for its log, so that it counts as set back. */
export const doubtLog = async (dataSource: DataSource, peer: string): Promise<void> =>
  await inTransaction(dataSource, async (tx) => {
    const recovery = await readRecovery(tx, { lock: true });
    if (recovery.state !== 'suspected') return;
    const { region, epoch, sequence } = await ownLog(tx);
    const evidence = { from: peer, epoch, sequence, restored: true };
    await addEvidence(tx, recovery.evidence, evidence);
    await tx.query('DELETE FROM recovery_peer');
    await moveRecovery(tx, recoveryContext(region), recovery.state, 'set-back', evidence);
  });

/** Whether other regions may take in this region's log as it stands (B2): not from a set-back to the beginning of the next epoch. */
export const isTelling = async (db: Pick<Tx, 'query'>): Promise<boolean> => {
  const { state } = await readRecovery(db);
  return state === 'suspected' || !isFenced(state);
};

/** How far a peer knew the log when it was reconciled with; null: it was not. */
const reconciledAt = async (tx: Tx, peer: string): Promise<Position | null> => {
  const [row] = await rowsOf<{ epoch: number; sequence: string }>(
    tx,
    'SELECT epoch, sequence FROM recovery_peer WHERE peer = $1 AND reconciled_at IS NOT NULL',
    [peer],
  );
  return row ? { epoch: row.epoch, sequence: Number(row.sequence) } : null;
};

const fence = async (dataSource: DataSource, evidence: Evidence): Promise<void> =>
  await inTransaction(dataSource, async (tx) => {
    const recovery = await readRecovery(tx, { lock: true });
    const origin = await ownLog(tx);
    // Told of the epoch before by who has not heard of the new one yet.
    if (evidence.epoch < origin.epoch) return;
    const isNew = await addEvidence(tx, recovery.evidence, evidence);
    // Of a fenced one they are held already, and whoever has called since has shown a new one.
    if (!isFenced(recovery.state)) await holdCredentials(tx, recoveryContext(origin.region));
    if (recovery.state === 'reconciling' || recovery.state === 'retelling' || recovery.state === 'too-old') {
      const isMore = evidence.from === 'stream' ? isNew : saysMore(await reconciledAt(tx, evidence.from), evidence);
      if (!isMore) return;
      if (recovery.state !== 'retelling') {
        // Set back once more, by its stream: whoever was heard before may know more by now.
        await tx.query(`UPDATE recovery_peer SET reconciled_at = NULL WHERE peer = $1 OR $1 = 'stream'`, [evidence.from]);
        return;
      }
    }
    // Whoever vouched for the log did not know enough of it; everybody is asked anew.
    await tx.query('DELETE FROM recovery_peer');
    await tx.query(`UPDATE recovery SET without = '{}'`);
    await moveRecovery(tx, recoveryContext(origin.region), recovery.state, 'set-back', { ...evidence });
  });

/**
 * At each start, before anything works: notes what the database remembers of its last run, and whether it is the one that it ran on. One that
 * was restored while nobody else can be heard is found by this alone.
 */
export const noteStart = async (tx: Tx): Promise<void> => {
  const recovery = await readRecovery(tx, { lock: true });
  const identity = await identityOf(tx);
  const [row] = await rowsOf<{ identity: string | null; remembers: Date | null }>(
    tx,
    `SELECT database_identity AS identity, greatest(
        (SELECT created_at FROM outbox ORDER BY position DESC LIMIT 1), (SELECT max(confirmed_at) FROM version_vector)) AS remembers FROM origin`,
  );
  if (!row) throw new Error('the origin row is missing');
  if (recovery.state === 'sound') await tx.query('UPDATE recovery SET backup_at = $1', [row.remembers]);
  // In the midst of a recovery epochs are heard of that the restored database did not know.
  if (recovery.state === 'sound' || identity !== row.identity)
    await tx.query(`UPDATE recovery SET peer_epochs = (SELECT coalesce(jsonb_object_agg(origin, epoch), '{}') FROM version_vector)`);
  if (identity === null || identity === row.identity) return;
  await tx.query('UPDATE origin SET database_identity = $1', [identity]);
  if (row.identity === null) return;
  const { region, epoch, sequence } = await ownLog(tx);
  await holdCredentials(tx, recoveryContext(region));
  await addEvidence(tx, recovery.evidence, { from: 'database', epoch, sequence });
  // The backup may be of the midst of a recovery that has ended since: whoever was heard then knows more by now, and whoever was given up may be heard.
  await tx.query('DELETE FROM recovery_peer');
  await tx.query(`UPDATE recovery SET without = '{}'`);
  const event = startedElsewhere(recovery.state);
  if (event !== null) await moveRecovery(tx, recoveryContext(region), recovery.state, event, { was: row.identity, is: identity });
};

/** A server that does not let this role ask is no reason not to start. */
const identityOf = async (tx: Tx): Promise<string | null> => {
  await tx.query('SAVEPOINT identity');
  try {
    const identity = await databaseIdentity(tx);
    await tx.query('RELEASE SAVEPOINT identity');
    return identity;
  } catch {
    await tx.query('ROLLBACK TO SAVEPOINT identity');
    return null;
  }
};

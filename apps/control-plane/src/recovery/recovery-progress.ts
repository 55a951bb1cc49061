import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import type { KnownLog } from '@lapidary/contracts/recovery-protocol';

/** How far a restored region has come with one of the others. */
export interface PeerProgress {
  readonly peer: string;
  readonly isReconciled: boolean;
  readonly epoch: number;
  readonly sequence: number;
  readonly latestHlc: string | null;
  readonly tombstoneDays: number | null;
  /** It was restored itself, and may have known more (mayVouch). */
  readonly wasRestored: boolean;
}

/** What was found with another region and must be told anew. */
export type Found =
  | { readonly what: 'stamp' | 'tenant' | 'definition'; readonly key: readonly [name: string] }
  | { readonly what: 'document'; readonly key: readonly [collection: string, kind: string, tenant: string, id: string] };

export const readProgress = async (reader: Reader): Promise<ReadonlyMap<string, PeerProgress>> => {
  const rows = await rowsOf<PeerProgress & { sequence: string }>(
    reader,
    `SELECT peer, reconciled_at IS NOT NULL AS "isReconciled", epoch, sequence, latest_hlc AS "latestHlc", tombstone_days AS "tombstoneDays",
            restored AS "wasRestored"
       FROM recovery_peer`,
  );
  return new Map(rows.map((row) => [row.peer, { ...row, sequence: Number(row.sequence) }]));
};

export const noteHeard = async (db: Pick<Tx, 'query'>, peer: string, known: KnownLog, wasRestored: boolean): Promise<void> => {
  await db.query(
    `INSERT INTO recovery_peer (peer, heard_at, epoch, sequence, latest_hlc, tombstone_days, restored) VALUES ($1, now(), $2, $3, $4, $5, $6)
     ON CONFLICT (peer) DO UPDATE SET heard_at = now(), epoch = excluded.epoch, sequence = excluded.sequence, latest_hlc = excluded.latest_hlc,
       tombstone_days = excluded.tombstone_days, restored = recovery_peer.restored OR excluded.restored`,
    [peer, known.epoch, known.sequence, known.latestHlc, known.tombstoneDays, wasRestored],
  );
};

export const noteReconciled = async (db: Pick<Tx, 'query'>, peer: string): Promise<void> => {
  await db.query('UPDATE recovery_peer SET reconciled_at = now(), problem = NULL WHERE peer = $1', [peer]);
};

export const noteProblem = async (db: Pick<Tx, 'query'>, peer: string, problem: string): Promise<void> => {
  await db.query(`INSERT INTO recovery_peer (peer, problem) VALUES ($1, $2) ON CONFLICT (peer) DO UPDATE SET problem = excluded.problem`, [
    peer,
    problem.slice(0, 500),
  ]);
};

export const noteFound = async (tx: Tx, { what, key }: Found): Promise<void> => {
  await tx.query('INSERT INTO recovery_found (what, key) VALUES ($1, $2) ON CONFLICT DO NOTHING', [what, key]);
};

/** Takes some of what was found, to tell it in the same transaction: a crash tells it once all the same. */
export const takeFound = async (tx: Tx, limit: number): Promise<Found[]> =>
  await rowsOf<Found>(
    tx,
    'DELETE FROM recovery_found WHERE (what, key) IN (SELECT what, key FROM recovery_found ORDER BY what DESC, key LIMIT $1) RETURNING what, key',
    [limit],
  );

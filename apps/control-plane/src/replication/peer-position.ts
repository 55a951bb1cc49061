import { nothingRead, type Position } from '@lapidary/replication/version-vector';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction, type Tx } from '@lapidary/db/transaction';
import type { WireProtocol } from '@lapidary/contracts/wire-protocol';
import type { DataSource } from 'typeorm';

/** Where the reader stands with a peer, and where it believes to find the rest in the peer's stream. */
export interface PeerPosition extends Position {
  /** Broker's sequence of the last message taken in; only good for the stream whose id it was noted with. */
  readonly streamHint: number;
  readonly streamId: string;
  /** Nothing more of it is taken in: it was given up as lost for good (RG2). */
  readonly fenced: boolean;
}

const columns = 'SELECT epoch, sequence, stream_hint, stream_id, fenced FROM version_vector WHERE origin = $1';

export const readPosition = async (db: Pick<Tx, 'query'>, peer: string, options?: { readonly lock: boolean }): Promise<PeerPosition> => {
  const [row] = await rowsOf<{ epoch: number; sequence: string; stream_hint: string; stream_id: string; fenced: boolean }>(
    db,
    options?.lock === true ? `${columns} FOR UPDATE` : columns,
    [peer],
  );
  if (!row) return { ...nothingRead, streamHint: 0, streamId: '', fenced: false };
  return {
    epoch: row.epoch,
    sequence: Number(row.sequence),
    streamHint: Number(row.stream_hint),
    streamId: row.stream_id,
    fenced: row.fenced,
  };
};

/**
 * Begins a peer's epoch from nothing: its database is new to us, or was restored from a backup. What we hold of it stays
 * until its events, told anew, say otherwise; the guards against older events are lifted for that.
 */
export const adoptEpoch = async (dataSource: DataSource, peer: string, epoch: number): Promise<void> =>
  await inTransaction(dataSource, async (tx) => {
    const adopted = await rowsOf(
      tx,
      `INSERT INTO version_vector AS v (origin, epoch, sequence) VALUES ($1, $2, 0)
       ON CONFLICT (origin) DO UPDATE SET epoch = excluded.epoch, sequence = 0, stream_hint = 0, stream_id = '', applied_at = now()
         WHERE v.epoch < excluded.epoch AND NOT v.fenced
       RETURNING 1`,
      [peer, epoch],
    );
    if (adopted.length === 0) return;
    await tx.query('UPDATE stamp SET origin_sequence = 0 WHERE region = $1', [peer]);
    await tx.query('UPDATE tenant SET origin_sequence = 0 WHERE home_region = $1', [peer]);
    await tx.query('DELETE FROM inbox WHERE origin = $1', [peer]);
    // A restored database has forgotten what it once said that it knows.
    await tx.query('DELETE FROM region_knowledge WHERE region = $1', [peer]);
    await tx.query('DELETE FROM withheld_change WHERE origin = $1 AND epoch < $2', [peer, epoch]);
    // All that was parked is told anew. One that somebody is settling at this moment is left to them.
    await tx.query(
      `UPDATE dead_letter SET state = 'superseded', settled_at = now(), settled_by = 'system:replication' WHERE id IN (
         SELECT id FROM dead_letter WHERE origin = $1 AND epoch < $2 AND state IN ('open', 'waiting') FOR UPDATE SKIP LOCKED)`,
      [peer, epoch],
    );
  });

/** Notes the position after events were taken in; in the transaction that applied them (I5). */
export const advancePosition = async (tx: Tx, peer: string, at: Position, lastEventAt: string | null): Promise<void> => {
  await tx.query(
    `UPDATE version_vector SET sequence = $3, last_event_at = coalesce($4::timestamptz, last_event_at), applied_at = now()
     WHERE origin = $1 AND epoch = $2 AND sequence <= $3`,
    [peer, at.epoch, at.sequence, lastEventAt],
  );
};

/**
 * The peer's control plane has answered, with a log that was not set back: what its region tells of health is watched by somebody at this
 * moment. `head` is its last sequence, for people who ask how far behind we are. In one statement with what it speaks: a link that comes back
 * waits for each, and a commit is the longest of them.
 */
export const noteConfirmed = async (
  db: Pick<Tx, 'query'>,
  peer: string,
  { epoch, head }: { readonly epoch: number; readonly head: number },
  { speaks, hears }: WireProtocol,
): Promise<void> => {
  await db.query(
    `INSERT INTO version_vector (origin, epoch, sequence, confirmed_at, heard, head, protocol_speaks, protocol_hears, protocol_at)
     VALUES ($1, $2, 0, now(), 1, $3, $4, $5, now())
     ON CONFLICT (origin) DO UPDATE SET confirmed_at = now(), heard = version_vector.heard + 1, head = excluded.head, protocol_speaks = excluded.protocol_speaks,
       protocol_hears = excluded.protocol_hears, protocol_at = now(), set_back_to = NULL, set_back_at = NULL`,
    [peer, epoch, head, speaks, hears],
  );
};

/** The last event of a peer's epoch that was taken in, as far as the inbox still has it. */
export const lastTakenIn = async (
  db: Pick<Tx, 'query'>,
  peer: string,
  epoch: number,
): Promise<{ readonly sequence: number; readonly event: string } | null> => {
  const [row] = await rowsOf<{ sequence: string; event_id: string }>(
    db,
    'SELECT sequence, event_id FROM inbox WHERE origin = $1 AND epoch = $2 ORDER BY sequence DESC LIMIT 1',
    [peer, epoch],
  );
  return row ? { sequence: Number(row.sequence), event: row.event_id } : null;
};

/** Notes that the peer's log was set back, to which head, and since when; until it has confirmed where it stands (noteConfirmed). */
export const noteSetBack = async (db: Pick<Tx, 'query'>, peer: string, { head }: { readonly head: number }): Promise<void> => {
  await db.query(
    `UPDATE version_vector SET set_back_to = $2, set_back_at = coalesce(set_back_at, now())
     WHERE origin = $1 AND set_back_to IS DISTINCT FROM $2`,
    [peer, head],
  );
};

/** RG2: it was given up, and is heard all the same. */
export const noteReturned = async (db: Pick<Tx, 'query'>, peer: string): Promise<void> => {
  await db.query('UPDATE version_vector SET returned_at = now(), heard = heard + 1 WHERE origin = $1 AND fenced', [peer]);
};

/** What the peer's hello says it speaks, where nothing can be exchanged with it. */
export const noteProtocol = async (db: Pick<Tx, 'query'>, peer: string, { speaks, hears }: WireProtocol): Promise<void> => {
  await db.query(
    `INSERT INTO version_vector (origin, epoch, sequence, protocol_speaks, protocol_hears, protocol_at) VALUES ($1, 0, 0, $2, $3, now())
     ON CONFLICT (origin) DO UPDATE SET protocol_speaks = excluded.protocol_speaks, protocol_hears = excluded.protocol_hears, protocol_at = now()`,
    [peer, speaks, hears],
  );
};

/** Where to resume in the stream. An optimisation: a wrong hint costs a repeat or a back-fill, never an event. */
export const noteStreamHint = async (db: Pick<Tx, 'query'>, peer: string, streamId: string, sequence: number): Promise<void> => {
  await db.query('UPDATE version_vector SET stream_id = $2, stream_hint = $3 WHERE origin = $1', [peer, streamId, sequence]);
};

import { rowsOf } from '@lapidary/db/rows';
import type { DataSource } from 'typeorm';
import { isStable } from '@lapidary/replication/stability';
import type { RetentionTools } from './purge-tombstones.js';
import { readStability } from './stability-rows.js';

/** What was purged, and has been by every region, is forgotten (T3), by a place of the epoch that holds (T5). Returns how many graves. */
export const forgetGraves = async ({ dataSource, peers }: Pick<RetentionTools, 'dataSource' | 'peers'>): Promise<number> => {
  const { known, declared } = await readStability(dataSource);
  let forgotten = 0;
  for (const [origin, { epoch }] of Object.entries(known)) {
    // The farthest place of that region's log which everybody is known to know.
    const places = [known[origin], ...peers.map((peer) => declared.get(peer)?.known[origin])];
    const through = Math.min(...places.map((p) => (p?.epoch === epoch ? p.sequence : 0)));
    if (through === 0 || !isStable({ [origin]: { epoch, sequence: through } }, peers, declared, known)) continue;
    const rows = await rowsOf(
      dataSource,
      `UPDATE grave g SET forgotten_at = clock_timestamp(), contents = NULL, automerge = NULL
        WHERE g.forgotten_at IS NULL AND g.purge_origin = $1 AND (g.purge_sequence IS NULL OR g.purge_epoch = $3)
          AND coalesce(g.purge_sequence, (SELECT n.sequence FROM outbox o JOIN outbox_number n ON n.position = o.position WHERE o.id = g.purge_event)) <= $2 RETURNING 1`,
      [origin, through, epoch],
    );
    forgotten += rows.length;
  }
  return forgotten;
};

/** What is forgotten is still refused to who tells it again, a region restored from a backup, for as long as tombstones are kept. */
export const dropGraves = async (dataSource: DataSource, days: number): Promise<number> =>
  (await rowsOf(dataSource, 'DELETE FROM grave WHERE forgotten_at < clock_timestamp() - make_interval(days => $1) RETURNING 1', [days]))
    .length;

/** One statement's worth. */
const prunedAtOnceMax = 5_000;

/**
 * Who changed what, older than `days`. Watchers read on from it: one that resumes before its beginning begins anew. Local, so that no
 * other region has to agree.
 */
export const pruneHistory = async (dataSource: DataSource, days: number): Promise<number> => {
  let pruned = 0;
  for (let more = true; more;) {
    const [row] = await rowsOf<{ count: number }>(
      dataSource,
      // The floor is raised in the statement that takes the rows: no watcher ever finds a hole above it.
      `WITH gone AS (
         DELETE FROM change WHERE position IN (
           SELECT position FROM change WHERE at < clock_timestamp() - make_interval(days => $1) ORDER BY at LIMIT $2) RETURNING xid),
       raised AS (
         UPDATE origin SET change_floor = greatest(change_floor, (SELECT max(xid) FROM gone)) WHERE EXISTS (SELECT 1 FROM gone))
       SELECT count(*)::int AS count FROM gone`,
      [days, prunedAtOnceMax],
    );
    pruned += row!.count;
    more = row!.count === prunedAtOnceMax;
  }
  return pruned;
};

import { pruneByAge } from '@lapidary/db/prune-by-age';
import type { DataSource } from 'typeorm';

/**
 * Retention of the ledger, the written policy: what lost in a document stays for `days` from when it was found here, whatever becomes of the
 * document; each region counts for itself. A name that two regions gave out stays: there is one row for it, and a tenant that is suspended by it
 * may stand for longer. Where the document is still in conflict and is written again, what lost is found again, and stands there anew.
 * Returns how many rows went.
 */
export const pruneLedger = async (dataSource: DataSource, days: number): Promise<number> =>
  await pruneByAge(
    dataSource,
    `DELETE FROM conflict WHERE id IN (SELECT id FROM conflict WHERE detected_at < now() - make_interval(days => $1) AND collection IS NOT NULL
       ORDER BY detected_at LIMIT $2) AND detected_at < now() - make_interval(days => $1) RETURNING 1`,
    days,
  );

/** What was settled stays to be read for as long; what is open, or waits behind an open one, for as long as it takes. */
export const pruneSettledLetters = async (dataSource: DataSource, days: number): Promise<number> =>
  await pruneByAge(
    dataSource,
    `DELETE FROM dead_letter WHERE id IN (SELECT id FROM dead_letter WHERE settled_at < now() - make_interval(days => $1)
       ORDER BY settled_at LIMIT $2) AND state NOT IN ('open', 'waiting') RETURNING 1`,
    days,
  );

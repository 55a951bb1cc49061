import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { LedgerEntry } from '@lapidary/replication/collections/collection-store';
import { joinEntries } from '@lapidary/replication/collections/ledger-entries';

/**
 * Writes losing values down, once each; a later winner replaces the one in an entry, and a list or an object that lost is replaced by what it
 * has grown to. Returns how many are new, by collection.
 */
export const writeLedger = async (tx: Tx, entries: readonly LedgerEntry[]): Promise<ReadonlyMap<string, number>> => {
  const fresh = new Map<string, number>();
  if (entries.length === 0) return fresh;
  // Once per id even within one call: ON CONFLICT refuses to touch a row twice.
  const joined = new Map<string, LedgerEntry>();
  for (const entry of entries) joined.set(entry.id, joinEntries(joined.get(entry.id), entry));
  const growing = [...joined.values()].filter((entry) => entry.isGrowing).map(({ id }) => id);
  const rows = await rowsOf<{ collection: string; fresh: boolean }>(
    tx,
    `INSERT INTO conflict (id, policy, subject, winner, loser, cause, collection, tenant, field)
     SELECT e->>'id', e->>'policy', 'document/' || (e->>'collection') || '/' || (e->>'tenant') || '/' || (e->>'document'),
            e->'winner', e->'loser', e->>'cause', e->>'collection', e->>'tenant', e->>'field'
       FROM jsonb_array_elements($1::jsonb) AS t(e) ORDER BY e->>'id'
     ON CONFLICT (id) DO UPDATE SET winner = excluded.winner, policy = excluded.policy, cause = excluded.cause,
       loser = CASE WHEN excluded.id = ANY($2::text[]) THEN excluded.loser ELSE conflict.loser END
       WHERE conflict.winner IS DISTINCT FROM excluded.winner
          OR (excluded.id = ANY($2::text[]) AND conflict.loser IS DISTINCT FROM excluded.loser)
     RETURNING collection, (xmax = 0) AS fresh`,
    [JSON.stringify([...joined.values()]), growing],
  );
  for (const row of rows) if (row.fresh) fresh.set(row.collection, (fresh.get(row.collection) ?? 0) + 1);
  return fresh;
};

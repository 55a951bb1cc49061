import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { LedgerEntry } from '@lapidary/replication/collections/collection-store';

/** Writes losing values down, once each; a later winner replaces the one in an entry. Returns how many are new, by collection. */
export const writeLedger = async (tx: Tx, entries: readonly LedgerEntry[]): Promise<ReadonlyMap<string, number>> => {
  const fresh = new Map<string, number>();
  if (entries.length === 0) return fresh;
  const rows = await rowsOf<{ collection: string; fresh: boolean }>(
    tx,
    // Once per id even within one call: ON CONFLICT refuses to touch a row twice.
    `INSERT INTO conflict (id, policy, subject, winner, loser, cause, collection, tenant, field)
     SELECT DISTINCT ON (e->>'id') e->>'id', e->>'policy', 'document/' || (e->>'collection') || '/' || (e->>'tenant') || '/' || (e->>'document'),
            e->'winner', e->'loser', e->>'cause', e->>'collection', e->>'tenant', e->>'field'
       FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS t(e, n) ORDER BY e->>'id', n DESC
     ON CONFLICT (id) DO UPDATE SET winner = excluded.winner, policy = excluded.policy, cause = excluded.cause
       WHERE conflict.winner IS DISTINCT FROM excluded.winner
     RETURNING collection, (xmax = 0) AS fresh`,
    [JSON.stringify(entries)],
  );
  for (const row of rows) if (row.fresh) fresh.set(row.collection, (fresh.get(row.collection) ?? 0) + 1);
  return fresh;
};

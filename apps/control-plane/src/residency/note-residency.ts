import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { allowsRegion } from '../placement/rules/residency.js';
import { lockResidency } from './holding.js';

const sameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((entry) => b.includes(entry));

const hasToldOf = `EXISTS (SELECT 1 FROM outbox WHERE type = 'lapidary.document.changed.v1' AND data->>'tenant' = $1)`;

/**
 * Called in the transaction that changes a tenant's residency as it is known here, before it does; `before` is null for a tenant that
 * was not known. Marks what has to follow from that (I3):
 *   - the stream has contents from when they were for everybody: it is made anew;
 *   - this region is left out: documents are removed (removal-states.ts).
 * A region that is added needs no mark: what it was not told of is in withheld_change, and is asked for.
 */
export const noteResidency = async (tx: Tx, tenant: string, before: readonly string[] | null, after: readonly string[]): Promise<void> => {
  if (after.length === 0 || (before !== null && sameSet(before, after))) {
    // Lifted restrictions are a widening; the lock keeps a removal that ends now from being overtaken.
    if (before !== null && before.length > 0 && after.length === 0) await lockResidency(tx, tenant, 'alone');
    return;
  }
  await lockResidency(tx, tenant, 'alone');
  if (before === null || before.length === 0) {
    await tx.query(
      `INSERT INTO stream_purge (tenant) SELECT $1 WHERE ${hasToldOf} ON CONFLICT (tenant) DO UPDATE SET wanted_at = clock_timestamp()`,
      [tenant],
    );
  }
  const [own] = await rowsOf<{ name: string; jurisdiction: string }>(
    tx,
    'SELECT r.name, r.jurisdiction FROM region r JOIN origin o ON o.region = r.name',
  );
  const isAllowed = (residency: readonly string[]): boolean => own !== undefined && allowsRegion(residency, own.name, own.jurisdiction);
  if (isAllowed(after) || (before !== null && !isAllowed(before))) return;
  await tx.query(
    `INSERT INTO document_removal (tenant, state)
     SELECT $1, 'removing' WHERE ${hasToldOf} OR EXISTS (SELECT 1 FROM document WHERE tenant = $1)
       OR EXISTS (SELECT 1 FROM conflict WHERE tenant = $1) OR EXISTS (SELECT 1 FROM change WHERE tenant = $1)
       OR EXISTS (SELECT 1 FROM held_change WHERE event->'data'->>'tenant' = $1)
       OR EXISTS (SELECT 1 FROM dead_letter WHERE event->'data'->>'tenant' = $1)
     ON CONFLICT (tenant) DO UPDATE SET state = 'removing', removed = '{}', since = now(), removed_at = NULL`,
    [tenant],
  );
};

import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';

/** SQL condition: the tenant `t` may be in the region `r`. A region that nobody knows (NULL) is no place for who has a residency. */
export const allowedIn = (t: string, r: string): string =>
  `(cardinality(${t}.residency) = 0 OR coalesce(${r}.name = ANY (${t}.residency) OR ${r}.jurisdiction = ANY (${t}.residency), false))`;

/**
 * I3 against the clock: who writes or takes in documents of a tenant holds this shared and reads the residency after it; who
 * changes the residency holds it alone. So when a narrower residency has committed, no document is written under the wider one.
 */
export const lockResidency = async (tx: Tx, tenant: string, how: 'shared' | 'alone'): Promise<void> => {
  const lock = how === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  await tx.query(`SELECT ${lock}(hashtextextended($1, 0))`, [`residency ${tenant}`]);
};

/** Holds the residencies of these tenants until the transaction ends, in their order; those of them whose documents must not be stored here (notHeldHere). */
export const holdResidencies = async (tx: Tx, of: readonly string[]): Promise<ReadonlySet<string>> => {
  const tenants = [...new Set(of)].filter((tenant) => tenant !== '').sort();
  for (const tenant of tenants) await lockResidency(tx, tenant, 'shared');
  return await notHeldHere(tx, tenants);
};

/**
 * Of these tenants, those whose documents must not be stored here now: the residency as it is known here leaves this region out, or
 * they are being removed. One that is not known here yet is judged by whoever tells of it.
 */
export const notHeldHere = async (reader: Reader, tenants: readonly string[]): Promise<ReadonlySet<string>> => {
  if (tenants.length === 0) return new Set();
  const rows = await rowsOf<{ id: string }>(
    reader,
    `SELECT t.id FROM tenant t CROSS JOIN origin o LEFT JOIN region r ON r.name = o.region
      WHERE t.id = ANY ($1) AND (NOT ${allowedIn('t', 'r')}
            OR EXISTS (SELECT 1 FROM document_removal m WHERE m.tenant = t.id AND m.state <> 'removed'))`,
    [tenants],
  );
  return new Set(rows.map((r) => r.id));
};

import type { Holdings } from '@lapidary/contracts/agent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';

/**
 * All tenants that a stamp must hold, as of the newest cursor, in one statement and so of one moment. A tenant whose
 * entry has just changed and has no cursor yet is listed under the newest one: leaving it out would tell the stamp to
 * drop it, and its own cursor, when it comes, is higher.
 */
export const readHoldings = async (db: Pick<Tx, 'query'>, stamp: string): Promise<Holdings> => {
  const rows = await rowsOf<{ as_of: string; tenant: string | null; epoch: number | null; cursor: string | null }>(
    db,
    `SELECT o.cursor AS as_of, d.body->>'tenant' AS tenant, (d.body->>'epoch')::int AS epoch, coalesce(d.cursor, o.cursor) AS cursor
     FROM origin o LEFT JOIN directory_entry d ON d.stamp = $1 AND d.body->>'kind' = 'tenant' AND (d.body->>'epoch')::int >= 1`,
    [stamp],
  );
  return {
    asOf: Number(rows[0]?.as_of ?? 0),
    holdings: rows.flatMap((r) =>
      r.tenant === null || r.epoch === null ? [] : [{ tenant: r.tenant, epoch: r.epoch, cursor: Number(r.cursor ?? 0) }],
    ),
  };
};

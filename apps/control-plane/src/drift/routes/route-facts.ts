import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';

/** An entry of the directory that is not what the tenant's placement or the stamp says. */
export interface WrongEntry {
  readonly key: string;
  readonly expected: RouteTruth;
  /** Null: there is no entry. */
  readonly observed: RouteTruth | null;
}
export interface RouteTruth {
  readonly status: string;
  readonly stamp: string | null;
  readonly epoch: number;
}

/** A thousand say as much as a million. */
const wrongMax = 1_000;

/**
 * The directory's rows against what they mirror, all regions'. Both are written in one transaction (record-route.ts), so in one view
 * nothing is on its way.
 */
export const readRouteFacts = async (reader: Reader): Promise<{ readonly entries: readonly WrongEntry[] }> => {
  const rows = await rowsOf<{ key: string; status: string; stamp: string | null; epoch: number; entry: RouteTruth | null }>(
    reader,
    `WITH truth AS (
       SELECT 'tenant/' || t.id AS key, t.status, p.stamp, coalesce(p.epoch, t.placement_epoch) AS epoch
         FROM tenant t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current
       UNION ALL
       SELECT 'stamp/' || name, status, NULL, epoch FROM stamp)
     SELECT truth.*, d.body AS entry FROM truth LEFT JOIN directory_entry d ON d.key = truth.key
      WHERE d.key IS NULL OR d.body->>'status' <> truth.status OR (d.body->>'epoch')::int <> truth.epoch
         OR (truth.key LIKE 'tenant/%' AND d.body->>'stamp' IS DISTINCT FROM truth.stamp)
      ORDER BY truth.key LIMIT $1`,
    [wrongMax],
  );
  return {
    entries: rows.map(({ key, status, stamp, epoch, entry }) => ({
      key,
      expected: { status, stamp, epoch },
      observed: entry && { status: entry.status, stamp: key.startsWith('tenant/') ? entry.stamp : null, epoch: entry.epoch },
    })),
  };
};

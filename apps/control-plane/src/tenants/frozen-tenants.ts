import { freezeEndsAt } from '@lapidary/contracts/tenant-labels';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';

/** A tenant whose requests nobody forwards; times in ms since 1970. */
export interface FrozenTenant {
  readonly id: string;
  /** Null: nobody said when. */
  readonly endsAt: number | null;
  readonly changedAt: number;
}

/** Those that have this region as their home. */
export const frozenTenants = async (reader: Reader, region: string): Promise<FrozenTenant[]> => {
  const rows = await rowsOf<{ id: string; labels: Record<string, string>; changed: Date }>(
    reader,
    `SELECT id, labels, updated_at AS changed FROM tenant
      WHERE labels->>'traffic' = 'frozen' AND home_region = $1 AND status <> 'deleted' ORDER BY id`,
    [region],
  );
  return rows.map(({ id, labels, changed }) => ({ id, endsAt: freezeEndsAt(labels), changedAt: changed.getTime() }));
};

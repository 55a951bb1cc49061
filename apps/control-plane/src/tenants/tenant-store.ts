import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { Reader } from '@lapidary/db/transaction';
import { tenantSelect, type TenantRow } from './tenant-row.js';

export const findTenant = async (reader: Reader, id: string): Promise<TenantRow | null> => {
  const [row]: TenantRow[] = await reader.query(`${tenantSelect} WHERE t.id = $1`, [id]);
  return row ?? null;
};

export const getTenant = async (reader: Reader, id: string): Promise<TenantRow> => {
  const row = await findTenant(reader, id);
  if (!row) throw new AppError('not_found', `There is no tenant ${id}`);
  return row;
};

/**
 * Locks the tenant against other changes until the transaction ends. Events carry the whole tenant: a change that did
 * not see the one before it would tell the other regions its old values last (I6).
 */
export const lockTenant = async (tx: Tx, id: string): Promise<TenantRow> => {
  await tx.query(`SELECT 1 FROM tenant WHERE id = $1 FOR NO KEY UPDATE`, [id]);
  return await getTenant(tx, id);
};

export interface TenantListQuery {
  readonly region?: string | undefined;
  readonly stamp?: string | undefined;
  readonly status?: string | undefined;
  readonly after: string | null;
  readonly limit: number;
}

/** One row more than `limit`. Deleted tenants are shown only to who asks for that status. */
export const listTenants = async (reader: Reader, query: TenantListQuery): Promise<TenantRow[]> =>
  reader.query(
    `${tenantSelect}
      WHERE ($1::text IS NULL OR t.home_region = $1) AND ($2::text IS NULL OR p.stamp = $2)
        AND CASE WHEN $3::text IS NULL THEN t.status <> 'deleted' ELSE t.status = $3 END AND ($4::text IS NULL OR t.id > $4)
      ORDER BY t.id LIMIT $5`,
    [query.region ?? null, query.stamp ?? null, query.status ?? null, query.after, query.limit + 1],
  );

interface DecisionRow {
  readonly id: string;
  readonly tenant: string;
  readonly outcome: 'placed' | 'pending';
  readonly chosen: string | null;
  readonly epoch: number | null;
  readonly summary: string;
  readonly candidates: unknown[];
  readonly decided_at: Date;
}

export const latestDecision = async (reader: Reader, tenant: string): Promise<DecisionRow | null> => {
  const [row]: DecisionRow[] = await reader.query(
    `SELECT id, tenant, outcome, chosen, epoch, summary, candidates, decided_at FROM placement_decision
      WHERE tenant = $1 ORDER BY decided_at DESC, id DESC LIMIT 1`,
    [tenant],
  );
  return row ?? null;
};

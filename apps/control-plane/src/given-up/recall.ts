import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import type { CommandContext } from '../http/command-context.js';
import { recordEvent } from '../outbox/record-event.js';
import type { ToldDecision } from '../regions/given-up-rows.js';
import { stampSelect, stampViewOf, type StampRow } from '../stamps/stamp-row.js';
import { tenantSelect, tenantViewOf, type TenantRow } from '../tenants/tenant-row.js';

const pageSize = 500;

/** Tells the stamps and tenants of the lost region that were told at that place of its log or later. */
export const recall = async (
  tx: Tx,
  context: CommandContext,
  { clock, baseDomain }: { readonly clock: HybridLogicalClock; readonly baseDomain: string },
  { decision }: ToldDecision,
  from: number,
): Promise<number> => {
  const { id, region } = decision;
  const page = async <T>(sql: string, after: string): Promise<T[]> => await rowsOf<T>(tx, sql, [region, from, after, pageSize]);
  const stamps = await eachOf(
    (after) =>
      page<StampRow>(`${stampSelect} WHERE s.region = $1 AND s.origin_sequence >= $2 AND s.name > $3 ORDER BY s.name LIMIT $4`, after),
    (row) => row.name,
    async (row) =>
      await recordEvent(tx, context, clock, 'lapidary.region.recalled.v1', `recalled/stamp/${row.name}`, {
        ...{ decision: id, region },
        stamp: stampViewOf(row),
      }),
  );
  const tenants = await eachOf(
    (after) => page<TenantRow & { readonly claim_hlc: string }>(claimedTenants, after),
    (row) => row.id,
    async (row) =>
      await recordEvent(tx, context, clock, 'lapidary.region.recalled.v1', `recalled/tenant/${row.id}`, {
        ...{ decision: id, region, tenant: tenantViewOf(row, baseDomain), claim: row.claim_hlc },
        ...(row.host_claims ? { hostClaims: row.host_claims } : {}),
      }),
  );
  return stamps + tenants;
};

const claimedTenants = `SELECT seen.*, c.claim_hlc FROM (${tenantSelect} WHERE t.home_region = $1 AND t.origin_sequence >= $2 AND t.id > $3 ORDER BY t.id LIMIT $4) AS seen
  JOIN tenant c ON c.id = seen.id ORDER BY seen.id`;

/** Goes through all rows, page by page in the order of their keys; returns how many they are. */
const eachOf = async <T>(
  read: (after: string) => Promise<readonly T[]>,
  keyOf: (row: T) => string,
  tell: (row: T) => Promise<unknown>,
): Promise<number> => {
  let count = 0;
  for (let after = ''; ;) {
    const rows = await read(after);
    for (const row of rows) await tell(row);
    count += rows.length;
    if (rows.length < pageSize) return count;
    after = keyOf(rows.at(-1)!);
  }
};

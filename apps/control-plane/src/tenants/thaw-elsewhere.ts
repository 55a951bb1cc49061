import { tenantKey } from '@lapidary/contracts/directory';
import { isHeldUp } from '@lapidary/contracts/tenant-labels';
import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { DataSource } from 'typeorm';
import { forgetFreeze } from '../directory/record-route.js';

interface Labelled {
  readonly id: string;
  readonly labels: Record<string, string>;
}

const held = `FROM tenant t WHERE t.labels->>'traffic' = 'frozen' AND t.home_region <> $1 AND t.status <> 'deleted'`;

/**
 * Tenants of other regions that their home region should have thawed a minute ago, and has not, or has not been heard: routers here are told that they
 * are not held up any more. The labels are the home region's to change, and stay; what it says of the freeze later holds (apply-tenant.ts). Every replica may
 * try, the row's lock keeps them apart. Returns the tenants.
 */
export const thawElsewhere = async (dataSource: DataSource, region: string, nowMs: number = Date.now()): Promise<string[]> => {
  const rows = await rowsOf<Labelled & { told: boolean }>(
    dataSource,
    `SELECT t.id, t.labels, EXISTS (SELECT 1 FROM directory_entry d WHERE d.key = $2 || t.id AND d.body ? 'frozen') AS told ${held} ORDER BY t.id`,
    [region, tenantKey('')],
  );
  const over: string[] = [];
  for (const { id } of rows.filter((row) => row.told && !isHeldUp(row.labels, nowMs)))
    await inTransaction(dataSource, async (tx) => {
      const [row] = await rowsOf<Labelled>(tx, `SELECT t.id, t.labels ${held} AND t.id = $2 FOR NO KEY UPDATE`, [region, id]);
      if (!row || isHeldUp(row.labels, nowMs)) return;
      await forgetFreeze(tx, id);
      over.push(id);
    });
  return over;
};

import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { AppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import type { Logger } from '@lapidary/telemetry/logger';
import { InventoryItem } from '../inventory/inventory-item.entity.js';
import { Shop1763772000001 } from '../migrations/0001-shop.js';
import { OrderLine } from '../orders/order-line.entity.js';
import { ShopOrder } from '../orders/shop-order.entity.js';
import { Profile } from '../profiles/profile.entity.js';

/** A shop's requests are short; more connections per stamp would only queue inside Postgres (P-BH1). */
const poolSize = 10;
/** A database that starts beside us is there within seconds. */
const retryFirstMs = 200;
const retryMaxMs = 5_000;

/**
 * Waits for the stamp's Postgres for as long as it takes (stamp and database start together, in any order), brings its
 * schema up to date, and refuses a role that row-level security doesn't bind: the second wall would be missing silently.
 */
export const openDatabase = async (url: string, logger: Logger, signal: AbortSignal): Promise<DataSource> => {
  const dataSource = createDataSource({
    url,
    applicationName: 'storefront',
    poolSize,
    entities: [InventoryItem, Profile, ShopOrder, OrderLine],
    migrations: [Shop1763772000001],
  });
  for (let attempt = 0; !dataSource.isInitialized; attempt++) {
    signal.throwIfAborted();
    try {
      await dataSource.initialize();
    } catch (error) {
      logger.warn({ err: error, attempt }, 'the database does not answer yet');
      await sleep(backOffMs(attempt, retryFirstMs, retryMaxMs), undefined, { signal });
    }
  }
  try {
    await refuseUnboundRole(dataSource);
    await migrate(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
};

const refuseUnboundRole = async (dataSource: DataSource): Promise<void> => {
  const [role] = await dataSource.query<{ name: string; unbound: boolean }[]>(
    'SELECT rolname AS name, rolsuper OR rolbypassrls AS unbound FROM pg_roles WHERE rolname = current_user',
  );
  if (role?.unbound === false) return;
  throw new AppError(
    'config_invalid',
    `Role "${role?.name}" is not bound by row-level security; use a role without SUPERUSER and BYPASSRLS`,
  );
};

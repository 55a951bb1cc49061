import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '@lapidary/db/migrate';
import { inTransaction } from '@lapidary/db/transaction';
import { backOffMs } from '@lapidary/kernel/back-off';
import { isAppError } from '@lapidary/kernel/app-error';
import { ensureAdminToken } from '../auth/ensure-admin-token.js';
import { noteStart } from '../fence/notice-set-back.js';
import { ensureOrigin } from '../regions/ensure-origin.js';
import { ensureRegions, loadRegionsFile } from '../regions/load-regions.js';
import type { ProcessResources } from './resources.js';

/** A database that is being started is there within seconds. */
const retryFirstMs = 200;
const retryMaxMs = 3_000;

/**
 * Brings the database to the state that Nest may start on: connected, migrated, with origin, regions and the first token. Waits
 * for a database that is not there yet for as long as it takes; throws only what waiting can't mend (config_invalid).
 */
export const bringUp = async (resources: ProcessResources, signal: AbortSignal): Promise<void> => {
  const { config, dataSource, logger } = resources;
  const regions = await loadRegionsFile(config.LAPIDARY_STAMPS_DIR, config.LAPIDARY_REGION);
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      if (!dataSource.isInitialized) await dataSource.initialize();
      await migrate(dataSource);
      await inTransaction(dataSource, async (tx) => {
        await ensureOrigin(tx, config.LAPIDARY_REGION);
        await noteStart(tx);
        await ensureRegions(tx, regions);
        await ensureAdminToken(tx, config.LAPIDARY_REGION, config.LAPIDARY_ADMIN_TOKEN_FILE);
      });
      return;
    } catch (error) {
      if (isAppError(error)) throw error;
      logger.warn({ err: error, attempt }, 'the database is not usable yet; trying again');
      await sleep(backOffMs(attempt, retryFirstMs, retryMaxMs), undefined, { signal });
    }
  }
};

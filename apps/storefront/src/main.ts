import { endWithError } from '@lapidary/config/end-with-error';
import { loadConfig } from '@lapidary/config/load';
import { StorefrontConfigSchema } from '@lapidary/config/storefront';
import { createLogger } from '@lapidary/telemetry/logger';
import { startShop } from './shop.js';

/** Running requests are short; whoever stops us kills us after some ten seconds anyway. */
const shutdownMs = 8_000;

const run = async (): Promise<void> => {
  const config = loadConfig(StorefrontConfigSchema);
  const logger = createLogger('storefront', config.LAPIDARY_LOG_LEVEL, { stamp: config.LAPIDARY_STAMP });
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort());
  try {
    const shop = await startShop(config, logger, stopping.signal);
    logger.info({ url: shop.url, version: config.LAPIDARY_WORKLOAD_VERSION }, 'the shop is open');
    await stopped;
    setTimeout(() => process.exit(1), shutdownMs).unref();
    await shop.close();
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  }
  logger.info({}, 'the shop is closed');
};

run().catch(endWithError);

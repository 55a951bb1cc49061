import { endWithError } from '@lapidary/config/end-with-error';
import { environmentWithFile, loadConfig } from '@lapidary/config/load';
import { RouterConfigSchema, type RouterConfig } from '@lapidary/config/router';
import { createLogger, type Logger } from '@lapidary/telemetry/logger';
import { inlineMore } from './inline-more.js';
import { stopOnSignal } from './shutdown.js';

const readConfig = (): RouterConfig => loadConfig(RouterConfigSchema, environmentWithFile());

const alone = async (config: RouterConfig, logger: Logger): Promise<unknown> => {
  inlineMore();
  const { Router } = await import('./router.js');
  const router = new Router({ config, logger });
  stopOnSignal((graceMs) => router.stop(graceMs), logger);
  process.on('SIGHUP', () => logger.warn('nothing is read again: LAPIDARY_ROUTER_WORKERS is 0'));
  return router.start();
};

/** Without the router's own program: a keeper is small. */
const kept = async (config: RouterConfig, logger: Logger): Promise<unknown> => {
  const { Keeper } = await import('./keeper/keeper.js');
  const keeper = new Keeper({ config, readConfig, logger });
  stopOnSignal(
    () => keeper.stop(),
    logger,
    () => keeper.kill(),
  );
  process.on('SIGHUP', () => keeper.reload('reload'));
  return keeper.start();
};

const start = async (): Promise<void> => {
  const config = readConfig();
  const logger = createLogger('router', config.LAPIDARY_LOG_LEVEL, { region: config.LAPIDARY_REGION, router: config.LAPIDARY_ROUTER_ID });
  const ports = await (config.LAPIDARY_ROUTER_WORKERS === 0 ? alone : kept)(config, logger);
  logger.info({ ...(ports as object), baseDomain: config.LAPIDARY_BASE_DOMAIN }, 'router listening');
};

start().catch(endWithError);

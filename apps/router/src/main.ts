import { loadConfig } from '@lapidary/config/load';
import { RouterConfigSchema } from '@lapidary/config/router';
import { toAppError } from '@lapidary/kernel/app-error';
import { createLogger } from '@lapidary/telemetry/logger';
import { Router } from './router.js';
import { stopOnSignal } from './shutdown.js';

const start = async (): Promise<void> => {
  const config = loadConfig(RouterConfigSchema);
  const logger = createLogger('router', config.LAPIDARY_LOG_LEVEL, { region: config.LAPIDARY_REGION, router: config.LAPIDARY_ROUTER_ID });
  const router = new Router({ config, logger });
  stopOnSignal((graceMs) => router.stop(graceMs), logger);
  const ports = await router.start();
  logger.info({ ...ports, baseDomain: config.LAPIDARY_BASE_DOMAIN }, 'router listening');
};

start().catch((thrown: unknown) => {
  const error = toAppError(thrown);
  process.stderr.write(`${error.code}: ${error.message}${error.internal ? ` (${error.internal})` : ''}\n`);
  process.exit(error.entry.exit);
});

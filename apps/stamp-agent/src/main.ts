import { endWithError } from '@lapidary/config/end-with-error';
import { loadConfig } from '@lapidary/config/load';
import { StampAgentConfigSchema } from '@lapidary/config/stamp-agent';
import { createLogger } from '@lapidary/telemetry/logger';
import { startAgent } from './agent.js';

/** What is in flight may end by itself for this long; whoever stops us kills us after some ten seconds. */
const drainMs = 6_000;
const shutdownMs = 9_000;

const run = async (): Promise<void> => {
  const config = loadConfig(StampAgentConfigSchema);
  const logger = createLogger('stamp-agent', config.LAPIDARY_LOG_LEVEL, { stamp: config.LAPIDARY_STAMP });
  const stopped = new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  const agent = await startAgent(config, logger);
  const signal = await stopped;
  logger.info({ signal }, 'draining');
  setTimeout(() => process.exit(1), shutdownMs).unref();
  await agent.stop(drainMs);
  logger.info({}, 'stopped');
};

run().catch(endWithError);

import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { Logger } from '@lapidary/telemetry/logger';
import { FrontServer } from '../http/front-server.js';
import { bringUp } from './bring-up.js';
import { createApp, type CreatedApp } from './create-app.js';
import { createResources, type ProcessResources } from './resources.js';

/** Requests under way get this long to end; long polls and streams are told to end at once. */
const drainMs = 3_000;
/** Supervisors commonly kill after 10 s; better an end of our own choosing. */
const stopMaxMs = 8_000;

export interface RunningProcess {
  readonly url: string;
  readonly logger: Logger;
  /** Resolves when the application serves; rejects with what waiting can't mend. */
  readonly started: Promise<void>;
  stop(): Promise<void>;
}

/** Listens at once, serves as soon as the database allows, ends in good order. */
export const runProcess = async (config: ControlPlaneConfig): Promise<RunningProcess> => {
  const resources = createResources(config, { processMetrics: true });
  const front = new FrontServer();
  const stopping = new AbortController();
  const address = await front.listen(config.LAPIDARY_HTTP_HOST, config.LAPIDARY_HTTP_PORT);
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  resources.logger.info({ url }, 'listening');
  const created = start(resources, front, stopping.signal);
  return {
    url,
    logger: resources.logger,
    started: created.then(() => undefined),
    stop: async () => {
      stopping.abort();
      await stop(resources, front, created);
    },
  };
};

const start = async (resources: ProcessResources, front: FrontServer, signal: AbortSignal): Promise<CreatedApp> => {
  await bringUp(resources, signal);
  const created = await createApp(resources, { front });
  if (created.handler) front.handOver(created.handler);
  resources.logger.info({ region: resources.config.LAPIDARY_REGION }, 'serving');
  return created;
};

/** New connections first, then workers and requests under way, then what they needed: NATS and the database. */
const stop = async (resources: ProcessResources, front: FrontServer, created: Promise<CreatedApp>): Promise<void> => {
  const watchdog = setTimeout(() => {
    resources.logger.error({ stopMaxMs }, 'did not end in time');
    process.exit(1);
  }, stopMaxMs);
  watchdog.unref();
  front.stopAccepting();
  const app = await created.then(
    (c) => c.app,
    () => undefined,
  );
  await Promise.all([app?.close(), front.drain(drainMs)]);
  await Promise.all([resources.nats.close(), resources.natsStreams.close()]);
  if (resources.dataSource.isInitialized) await resources.dataSource.destroy();
  clearTimeout(watchdog);
  resources.logger.info('stopped');
};

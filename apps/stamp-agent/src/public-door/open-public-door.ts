import type { StampAgentConfig } from '@lapidary/config/stamp-agent';
import { AppError } from '@lapidary/kernel/app-error';
import { ClaimVerifier } from '@lapidary/stamp-sdk/route-claim/claim-verifier';
import type { Logger } from '@lapidary/telemetry/logger';
import { FrontDoor, type FrontDoorOptions } from '../front-door.js';
import type { OwnPages } from '../own-paths.js';
import { ClaimOffice } from './public-door.js';
import { FetchedRouteKeys } from './route-keys.js';

/** Load balancers ask whether it lives; how the stamp is doing is nobody's business out there. */
const publicPages = ({ health }: OwnPages): OwnPages => ({
  health: () => ({ status: health().status, body: {} }),
  metrics: () => Promise.reject(new AppError('not_found', 'There is nothing at this address')),
});

/**
 * A second door to the same workload behind the same fence, for clients that don't come through a router; null without
 * LAPIDARY_PUBLIC_HTTP_PORT. It believes claims, never the headers that routers set.
 */
export const openPublicDoor = async (
  config: StampAgentConfig,
  inner: FrontDoorOptions,
  logger: Logger,
): Promise<{ readonly url: string; drain(graceMs: number): Promise<void> } | null> => {
  const {
    LAPIDARY_PUBLIC_HTTP_PORT: port,
    LAPIDARY_PUBLIC_HTTP_HOST: host,
    LAPIDARY_ROUTE_KEYS: source,
    LAPIDARY_PUBLIC_HOSTS_BELOW: below,
  } = config;
  if (port === undefined) return null;
  if (source === undefined)
    throw new AppError('config_invalid', 'LAPIDARY_PUBLIC_HTTP_PORT needs LAPIDARY_ROUTE_KEYS: no claim could be believed');
  const keys = new FetchedRouteKeys(source, logger);
  const office = new ClaimOffice(new ClaimVerifier(keys, config.LAPIDARY_STAMP), below ?? null);
  const door = new FrontDoor({ ...inner, pages: publicPages(inner.pages), office });
  const bound = await door.listen(host, port);
  keys.start();
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  logger.info({ url }, 'the public door is open');
  return {
    url,
    drain: async (graceMs) => {
      await door.drain(graceMs);
      keys.stop();
    },
  };
};

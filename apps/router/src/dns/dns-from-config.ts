import type { RouterConfig } from '@lapidary/config/router';
import { tenantKey } from '@lapidary/contracts/directory';
import type { Logger } from '@lapidary/telemetry/logger';
import type { Directory } from '../directory/directory.js';
import type { RouterMetrics } from '../metrics.js';
import { DnsServer } from './dns-server.js';
import { zoneFrom, type DnsDirectory } from './zone.js';

export const dnsView = (directory: Directory): DnsDirectory => ({
  get isLoaded() {
    return directory.isLoaded;
  },
  get isLive() {
    return directory.isLive;
  },
  get mayLack() {
    return directory.mayLack;
  },
  get cursor() {
    return directory.digest?.cursor ?? 0;
  },
  tenant: (id) => directory.tenant(id),
  stamp: (name) => directory.stamp(name),
  tenantOfHost: (host) => directory.tenantOfHost(host),
  changedAtMs: ({ tenant }) => directory.held(tenantKey(tenant))?.entry.committedAtMs ?? 0,
});

/** The name server where one is asked for, with what it listens on; null without LAPIDARY_DNS_PORT. Throws `config_invalid`. */
export const dnsFromConfig = (
  config: RouterConfig,
  directory: Directory,
  metrics: RouterMetrics,
  logger: Logger,
): { listen(): Promise<number>; close(): Promise<void> } | null => {
  const { LAPIDARY_DNS_HOST: host, LAPIDARY_DNS_PORT: port } = config;
  if (port === undefined) return null;
  const server = new DnsServer({ zone: zoneFrom(config), directory: dnsView(directory), metrics, logger });
  return { listen: () => server.listen(host, port), close: () => server.close() };
};

import { isIPv4, isIPv6 } from 'node:net';
import type { RouterConfig } from '@lapidary/config/router';
import type { TenantRoute } from '@lapidary/contracts/directory';
import { AppError } from '@lapidary/kernel/app-error';
import { dnsLabelLengthMax } from '@lapidary/kernel/names';
import type { DirectoryView } from '../pipeline/locate.js';
import { publicDoorsFrom, type PublicDoors } from '../public-doors.js';

/** What DNS reads of the directory. */
export interface DnsDirectory extends Omit<DirectoryView, 'version'> {
  /** Whether changes are being followed now. */
  readonly isLive: boolean;
  /** Grows with each change; becomes the zone's serial. */
  readonly cursor: number;
  /** When the tenant's entry was committed, milliseconds since the epoch. */
  changedAtMs(tenant: TenantRoute): number;
}

export interface Zone {
  readonly baseDomain: string;
  /** Names of the servers that answer for the zone, this one among them. */
  readonly nameServers: readonly string[];
  /** Where clients reach the routers. */
  readonly addresses: readonly string[];
  readonly doors: PublicDoors;
  readonly ttlMaxSeconds: number;
}

/** All that an answer follows from. */
export interface DnsWorld {
  readonly directory: DnsDirectory;
  readonly zone: Zone;
  readonly nowMs: number;
}

/**
 * Two labels below the base domain, where no tenant's host can be: a tenant may be called "ns1".
 */
const ownNameServer = (baseDomain: string): string => `a.ns.${baseDomain}`;
const nameServerPattern = new RegExp(`^(?:[a-z0-9](?:[a-z0-9-]{0,${dnsLabelLengthMax - 2}}[a-z0-9])?\\.)+[a-z0-9-]+$`);

/** Throws `config_invalid` where the answers could not be right. */
export const zoneFrom = (config: RouterConfig): Zone => {
  const { LAPIDARY_BASE_DOMAIN: baseDomain, LAPIDARY_DNS_ADDRESSES: addresses, LAPIDARY_PUBLIC_DOOR: door } = config;
  const invalid = (why: string): AppError => new AppError('config_invalid', why);
  if (addresses.length === 0) throw invalid('LAPIDARY_DNS_ADDRESSES is missing: what clients are to be told is not known');
  const noAddress = addresses.find((address) => !isIPv4(address) && !isIPv6(address));
  if (noAddress !== undefined) throw invalid(`LAPIDARY_DNS_ADDRESSES: "${noAddress}" is not an address`);
  const nameServers = config.LAPIDARY_DNS_NAME_SERVERS.map((name) => name.toLowerCase());
  const noName = nameServers.find((name) => !nameServerPattern.test(name));
  if (noName !== undefined) throw invalid(`LAPIDARY_DNS_NAME_SERVERS: "${noName}" is not a host name`);
  // The name of a door below the base domain would be asked of us, who know nothing of it.
  const doorHost = door === undefined ? undefined : new URL(door.replaceAll(/[{}]/g, '')).hostname;
  if (doorHost !== undefined && `.${doorHost}`.endsWith(`.${baseDomain}`))
    throw invalid(`LAPIDARY_PUBLIC_DOOR: the names of doors must not be below the base domain ${baseDomain}`);
  return {
    baseDomain,
    nameServers: nameServers.length > 0 ? nameServers : [ownNameServer(baseDomain)],
    addresses,
    doors: publicDoorsFrom(door),
    ttlMaxSeconds: config.LAPIDARY_DNS_TTL_MAX_SECONDS,
  };
};

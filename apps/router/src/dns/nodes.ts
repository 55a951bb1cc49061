import { socketHost } from '@lapidary/stamp-sdk/forward/upstream';
import { isIP } from 'node:net';
import { isTenantId } from '@lapidary/kernel/names';
import { tenantTtlSeconds, ttlMinSeconds } from './tenant-ttl.js';
import type { DnsWorld } from './zone.js';

/** What a name is to us. */
export type Node =
  /** Not below a zone of ours. */
  | { readonly kind: 'outside' }
  /** Below a zone of ours, and nothing. `isBare`: nor is anything below it. */
  | { readonly kind: 'nothing'; readonly apex: string; readonly isBare: boolean }
  /** Without records of its own, but with names below it (RFC 8020: must not be NXDOMAIN). */
  | { readonly kind: 'empty'; readonly apex: string }
  | {
      readonly kind: 'host';
      readonly apex: string;
      readonly ttlSeconds: number;
      readonly target: Target;
    };

/** Addresses, or the one name under which they are found. */
export type Target =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'name'; readonly name: string };

/** The routers' addresses are changed by people, with notice. */
export const fixedTtlSeconds = 300;

const addressesOf = (hosts: readonly string[]): string[] => hosts.filter((host) => isIP(host) !== 0);

/**
 * Where a tenant's clients are to go: the public doors of its stamp, else the routers, who find it wherever it is and say in words
 * why it can't be served. The apex of a zone can't be an alias (RFC 1034 §3.6.2): there a door that is a name counts for nothing.
 */
const targetOf = (tenantId: string, world: DnsWorld, isApex: boolean): { target: Target; ttlSeconds: number } | null => {
  const { directory, zone, nowMs } = world;
  const tenant = directory.tenant(tenantId);
  if (!tenant || tenant.status === 'deleted') return null;
  const stamp = tenant.stamp === null ? undefined : directory.stamp(tenant.stamp);
  const ttlSeconds = tenantTtlSeconds({
    tenant,
    stamp,
    changedAtMs: directory.changedAtMs(tenant),
    nowMs,
    isLive: directory.isLive,
    ttlMaxSeconds: zone.ttlMaxSeconds,
  });
  const doors = tenant.status === 'placed' && stamp?.status === 'active' ? zone.doors.of(stamp) : [];
  const hosts = doors.map(socketHost);
  const addresses = addressesOf(hosts);
  if (addresses.length > 0) return { ttlSeconds, target: { kind: 'addresses', addresses } };
  const [name] = hosts;
  if (name !== undefined && !isApex) return { ttlSeconds, target: { kind: 'name', name } };
  return { ttlSeconds, target: { kind: 'addresses', addresses: zone.addresses } };
};

/** The custom host that the name is or is below, or null. A customer who delegates a name to us makes it a zone of ours. */
const customApex = (name: string, { directory }: DnsWorld): string | null => {
  for (let rest = name; rest !== ''; rest = rest.slice(rest.indexOf('.') + 1)) {
    if (directory.tenantOfHost(rest) !== undefined) return rest;
    if (!rest.includes('.')) return null;
  }
  return null;
};

/** `name` in lower case, without the final dot. */
export const nodeAt = (name: string, world: DnsWorld): Node => {
  const { directory } = world;
  const { baseDomain, nameServers, addresses } = world.zone;
  const fixed: Node = { kind: 'host', apex: baseDomain, ttlSeconds: fixedTtlSeconds, target: { kind: 'addresses', addresses } };
  const suffix = `.${baseDomain}`;
  if (name === baseDomain) return fixed;
  if (name.endsWith(suffix)) {
    if (nameServers.includes(name)) return fixed;
    const label = name.slice(0, -suffix.length);
    const tenant = isTenantId(label) && directory.tenant(label) ? label : directory.tenantOfHost(name);
    const found = tenant === undefined ? null : targetOf(tenant, world, false);
    if (found) return { kind: 'host', apex: baseDomain, ...found };
    if (nameServers.some((server) => server.endsWith(`.${name}`))) return { kind: 'empty', apex: baseDomain };
    return { kind: 'nothing', apex: baseDomain, isBare: true };
  }
  const apex = customApex(name, world);
  if (apex === null) return { kind: 'outside' };
  // Hosts are found by their whole names: a.b.example.com may be one where example.com is.
  if (apex !== name) return { kind: 'nothing', apex, isBare: false };
  const found = targetOf(directory.tenantOfHost(name)!, world, true);
  return found ? { kind: 'host', apex, ...found } : { kind: 'outside' };
};

/** "There is no such name" is asked again soon: the tenant may be created in the next moment. */
export const negativeTtlSeconds = ttlMinSeconds;

import { TenantSchema, type TenantView } from '@lapidary/contracts/api/tenants';
import type { TenantRoute } from '@lapidary/contracts/directory';
import type { HostClaims } from '@lapidary/contracts/host-claims';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { routeByLabels } from '../directory/record-route.js';
import type { TenantFacts } from '../placement/facts.js';
import type { TenantStatus } from './tenant-states.js';

/** What writing about tenants needs beside the transaction and the context. */
export interface TenantTools {
  readonly clock: HybridLogicalClock;
  /** A tenant's own host is `<id>.<baseDomain>`. */
  readonly baseDomain: string;
}

/** A row of `tenant` with its current placement, as `tenantSelect` reads it. */
export interface TenantRow {
  readonly id: string;
  readonly home_region: string;
  readonly status: TenantStatus;
  readonly status_reason: string | null;
  readonly weight: number;
  readonly residency: string[];
  readonly tier: TenantView['tier'];
  readonly labels: Record<string, string>;
  readonly placement_epoch: number;
  readonly pending_since: Date | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** Beside the default one: names that lead to it, and those that it was given too but lost. */
  readonly hostnames: string[];
  readonly lost_hostnames: string[];
  readonly host_claims: HostClaims | null;
  readonly stamp: string | null;
  readonly epoch: number | null;
  readonly units: number | null;
  readonly decided_at: Date | null;
  readonly serving_at: Date | null;
}

/** Whether another tenant was given the name before: lowest hybrid logical time, then region id, as libs/replication/src/name-claim.ts compares. */
const isLost = `EXISTS (
  SELECT 1 FROM tenant_hostname o JOIN tenant ot ON ot.id = o.tenant
   WHERE o.hostname = h.hostname AND o.tenant <> h.tenant
     AND (o.claim_hlc COLLATE "C", ot.home_region COLLATE "C") < (h.claim_hlc COLLATE "C", t.home_region COLLATE "C"))`;

export const tenantSelect = `
  SELECT t.id, t.home_region, t.status, t.status_reason, t.weight, t.residency, t.tier, t.labels, t.placement_epoch, t.pending_since,
         t.version, t.created_at, t.updated_at, hosts.hostnames, hosts.lost_hostnames, hosts.host_claims,
         p.stamp, p.epoch, p.units, p.decided_at, p.serving_at
    FROM tenant t LEFT JOIN placement p ON p.tenant = t.id AND p.is_current
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(claimed.hostname ORDER BY claimed.hostname) FILTER (WHERE NOT claimed.lost), '{}') AS hostnames,
             coalesce(array_agg(claimed.hostname ORDER BY claimed.hostname) FILTER (WHERE claimed.lost), '{}') AS lost_hostnames,
             jsonb_object_agg(claimed.hostname, claimed.claim_hlc) FILTER (WHERE claimed.hostname IS NOT NULL) AS host_claims
        FROM (SELECT h.hostname, h.claim_hlc, ${isLost} AS lost FROM tenant_hostname h WHERE h.tenant = t.id) AS claimed
    ) AS hosts`;

export const tenantViewOf = (row: TenantRow, baseDomain: string): TenantView =>
  TenantSchema.parse({
    id: row.id,
    region: row.home_region,
    status: row.status,
    statusReason: row.status_reason,
    weight: row.weight,
    residency: row.residency,
    tier: row.tier,
    labels: row.labels,
    hosts: [`${row.id}.${baseDomain}`, ...row.hostnames],
    ...(row.lost_hostnames.length > 0 ? { lostHosts: row.lost_hostnames } : {}),
    placement: placementOf(row),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  } satisfies TenantView);

const placementOf = (row: TenantRow): TenantView['placement'] =>
  row.stamp === null || row.epoch === null || row.units === null || row.decided_at === null
    ? null
    : {
        stamp: row.stamp,
        epoch: row.epoch,
        units: row.units,
        decidedAt: row.decided_at.toISOString(),
        servingAt: row.serving_at?.toISOString() ?? null,
      };

/** The epoch of a tenant without placement is the highest that it ever had, so that a tombstone outranks what came before. */
export const tenantRouteOf = (row: TenantRow): TenantRoute => ({
  kind: 'tenant',
  tenant: row.id,
  region: row.home_region,
  status: row.status,
  stamp: row.stamp,
  epoch: row.epoch ?? row.placement_epoch,
  hosts: row.hostnames,
  ...routeByLabels(row.labels, row.residency),
});

export const tenantFactsOf = (row: TenantRow): TenantFacts => ({
  id: row.id,
  homeRegion: row.home_region,
  weight: row.weight,
  residency: row.residency,
  tier: row.tier,
  labels: row.labels,
});

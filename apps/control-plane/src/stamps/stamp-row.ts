import type { StampView } from '@lapidary/contracts/api/stamps';
import { StampSchema } from '@lapidary/contracts/api/stamps';
import type { StampRoute } from '@lapidary/contracts/directory';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { answersNow } from '../regions/peer-freshness.js';
import type { StampStatus } from './stamp-states.js';

/** A row of `stamp` with what was observed of it, as `stampSelect` reads it. */
export interface StampRow {
  readonly name: string;
  readonly region: string;
  readonly status: StampStatus;
  readonly cordoned: boolean;
  readonly cordon_reason: string | null;
  /** Roll-out that changes it: a soft cordon beside the one above. */
  readonly held_by_rollout: string | null;
  readonly ring: StampView['ring'];
  readonly profile: string;
  readonly isolation: StampView['isolation'];
  readonly driver: string;
  readonly capacity_units: number;
  readonly used_units: number;
  readonly reserved_units: number;
  readonly tenant_count: number;
  readonly dedicated_tenant: string | null;
  readonly epoch: number;
  readonly template_version: string | null;
  readonly workload_version: string | null;
  readonly front_doors: string[];
  readonly labels: Record<string, string>;
  readonly spec: StampSpec;
  readonly spec_digest: string | null;
  readonly agent_token_sha256: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** As the monitor of the stamp's own region last judged (health/monitor.ts); unknown where that region doesn't answer. */
  readonly health: StampView['health'];
  /** What is amiss while its agent is heard, or that its region doesn't answer; null: nothing, or it is silent. */
  readonly health_reason: string | null;
  readonly last_heartbeat_at: Date | null;
}

/**
 * Usage of a stamp of another region is counted from the replicated placements: placements don't touch the stamp's own
 * events, so the figures in its replicated row would lag behind them. Nor do heartbeats: of one that is well there, the last that was told of
 * is none of its last ones. `origin` holds the local region.
 */
export const stampSelect = `
  SELECT s.name, s.region, s.status, s.cordoned, s.cordon_reason, s.held_by_rollout, s.ring, s.profile, s.isolation, s.driver, s.capacity_units,
         s.reserved_units, s.dedicated_tenant, s.epoch, s.template_version, s.workload_version, s.front_doors, s.labels, s.spec,
         s.spec_digest, s.agent_token_sha256, s.version, s.created_at, s.updated_at,
         CASE WHEN s.region = local.region THEN s.used_units ELSE placed.units END AS used_units,
         CASE WHEN s.region = local.region THEN s.tenant_count ELSE placed.tenants END AS tenant_count,
         CASE WHEN s.region = local.region OR ${answersNow('v')} THEN s.health ELSE 'unknown' END AS health,
         CASE WHEN s.region = local.region OR ${answersNow('v')} THEN s.health_reason
              ELSE 'region ' || s.region || ' does not answer' END AS health_reason,
         CASE WHEN s.region = local.region OR s.health <> 'healthy' THEN coalesce(o.last_heartbeat_at, s.last_known_heartbeat_at) END AS last_heartbeat_at
    FROM stamp s
    CROSS JOIN (SELECT region FROM origin) AS local
    LEFT JOIN stamp_observation o ON o.stamp = s.name
    LEFT JOIN version_vector v ON v.origin = s.region
    LEFT JOIN LATERAL (
      SELECT coalesce(sum(p.units), 0)::int AS units, count(*)::int AS tenants
        FROM placement p WHERE p.stamp = s.name AND p.is_current AND s.region <> local.region
    ) AS placed ON true`;

export const stampViewOf = (row: StampRow): StampView =>
  StampSchema.parse({
    name: row.name,
    region: row.region,
    status: row.status,
    cordoned: row.cordoned,
    cordonReason: row.cordon_reason,
    heldBy: row.held_by_rollout,
    health: row.health,
    healthReason: row.health_reason,
    lastHeartbeatAt: row.last_heartbeat_at?.toISOString() ?? null,
    ring: row.ring,
    profile: row.profile,
    isolation: row.isolation,
    driver: row.driver,
    templateVersion: row.template_version,
    workloadVersion: row.workload_version,
    capacity: { units: row.capacity_units },
    used: { units: row.used_units },
    reserved: { units: row.reserved_units },
    tenants: row.tenant_count,
    epoch: row.epoch,
    frontDoors: row.front_doors,
    labels: row.labels,
    specDigest: row.spec_digest,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  } satisfies StampView);

export const stampRouteOf = (row: StampRow): StampRoute => ({
  kind: 'stamp',
  stamp: row.name,
  region: row.region,
  status: row.status,
  epoch: row.epoch,
  frontDoors: row.front_doors,
});

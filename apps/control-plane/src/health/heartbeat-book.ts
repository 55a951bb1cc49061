import type { Heartbeat } from '@lapidary/contracts/agent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { trafficSlotMs } from './traffic-window.js';

export interface Flushed {
  readonly refused: readonly string[];
  readonly outdated: ReadonlyMap<string, number>;
}

/**
 * Takes heartbeats and writes the newest of each stamp in one statement, at most once a second however often they come.
 */
export class HeartbeatBook {
  private newest = new Map<string, Heartbeat>();
  /** Stamps of which an older process still beats → the epoch that fences it. */
  private outdated = new Map<string, number>();

  take(heartbeat: Heartbeat): void {
    const known = this.newest.get(heartbeat.stamp);
    if (known && heartbeat.epoch < known.epoch) {
      this.outdated.set(heartbeat.stamp, known.epoch);
      return;
    }
    // A new process starts its sequence anew and has the higher epoch.
    if (known && heartbeat.epoch === known.epoch && heartbeat.sequence <= known.sequence) return;
    if (known && heartbeat.epoch > known.epoch) this.outdated.set(heartbeat.stamp, heartbeat.epoch);
    this.newest.set(heartbeat.stamp, heartbeat);
  }

  /**
   * Writes what came since the last time. Only the stamp's present process counts (P-HB3); returns the stamps whose
   * heartbeat was refused for that, and those of which an older process still beats, with the epoch that it doesn't know. Ages are measured by the database's clock at the write, so the agents' clocks
   * don't matter.
   */
  async flush(db: Pick<Tx, 'query'>): Promise<Flushed> {
    const beats = [...this.newest.values()];
    if (beats.length === 0) return { refused: [], outdated: new Map() };
    const outdated = this.outdated;
    this.newest = new Map();
    this.outdated = new Map();
    const rows = await rowsOf<{ stamp: string; written: boolean; epoch: number }>(
      db,
      `WITH b AS (
         SELECT * FROM jsonb_to_recordset($1::jsonb) AS b(stamp text, instance text, epoch int, sequence bigint, load jsonb, count int,
           as_of bigint, root text, schemas text, healthy boolean, version text, agent text, requests bigint, errors bigint, latency bigint[])
       ), written AS (
         UPDATE stamp_observation o SET sequence = b.sequence, last_heartbeat_at = clock_timestamp(), load = b.load, held_count = b.count,
           held_as_of = b.as_of, held_root = b.root, wire_schemas = b.schemas, workload_healthy = b.healthy,
           workload_silent_since = CASE WHEN NOT b.healthy THEN coalesce(o.workload_silent_since, clock_timestamp()) END, workload_version = b.version, agent_version = b.agent
         FROM b, stamp s
         WHERE o.stamp = b.stamp AND s.name = b.stamp AND o.instance_id = b.instance AND o.epoch = b.epoch AND s.epoch = b.epoch
         RETURNING o.stamp
       ), counted AS (
         INSERT INTO stamp_traffic AS t (stamp, instance_id, at, requests, errors, latency)
         SELECT b.stamp, b.instance, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / $2) * $2), b.requests, b.errors, b.latency
           FROM b JOIN written USING (stamp) WHERE b.requests IS NOT NULL
         ON CONFLICT (stamp, instance_id, at) DO UPDATE SET requests = excluded.requests, errors = excluded.errors, latency = excluded.latency
       )
       SELECT s.name AS stamp, s.epoch, s.name IN (SELECT stamp FROM written) AS written FROM b JOIN stamp s ON s.name = b.stamp`,
      [JSON.stringify(beats.map(toRecord)), trafficSlotMs / 1_000],
    );
    const written = new Set(rows.filter((r) => r.written).map((r) => r.stamp));
    const present = new Map(rows.map((r) => [r.stamp, r.epoch]));
    for (const { stamp, epoch } of beats) if ((present.get(stamp) ?? 0) > epoch) outdated.set(stamp, present.get(stamp)!);
    return { refused: beats.map((b) => b.stamp).filter((stamp) => !written.has(stamp)), outdated };
  }
}

const toRecord = (b: Heartbeat): Record<string, unknown> => ({
  stamp: b.stamp,
  instance: b.instanceId,
  epoch: b.epoch,
  sequence: b.sequence,
  load: b.load,
  count: b.holding.count,
  as_of: b.holding.asOf,
  root: b.holding.root ?? null,
  schemas: b.schemas ?? null,
  healthy: b.workload.healthy,
  version: b.workload.version,
  agent: b.agentVersion,
  ...(b.traffic ?? {}),
});

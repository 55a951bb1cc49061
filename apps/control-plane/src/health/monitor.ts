import { rowsOf } from '@lapidary/db/rows';
import { inTransaction } from '@lapidary/db/transaction';
import type { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { newId } from '@lapidary/kernel/ids';
import { machineNowMs } from '@lapidary/kernel/machine-clock';
import type { Logger } from '@lapidary/telemetry/logger';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import type { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { notifyCapacity } from '../regions/capacity-channel.js';
import { recordStampChange } from '../stamps/record-stamp.js';
import { assess, type Assessed, healthRank, type StampHealth } from './assess.js';
import type { healthMetrics } from './metrics.js';
import { ObservedAges } from './observed-ages.js';
import { Rhythm, type SilenceLimits } from './phi-accrual.js';

export interface MonitorOptions {
  readonly region: string;
  readonly dataSource: DataSource;
  readonly clock: HybridLogicalClock;
  readonly logger: Logger;
  readonly metrics: MetricsOf<typeof healthMetrics>;
  readonly intervalMs: number;
  /** For how long heartbeats could be heard without a break; 0 while NATS is away. */
  readonly listeningMs: () => number;
}

interface Row {
  readonly name: string;
  readonly health: StampHealth;
  readonly health_reason: string | null;
  /** By the database's clock, milliseconds since the epoch: the last heartbeat, the first word that the workload does not answer, now. */
  readonly heard_at_ms: number | null;
  readonly workload_silent_at_ms: number | null;
  readonly now_ms: number;
}

/**
 * Judges the region's stamps by their last heartbeats; one leader does it. The verdict stands in the stamp's row, so a
 * monitor that takes over goes on from there and its own start changes nobody's health (P-HB4).
 */
export class StampMonitor {
  private readonly rhythms = new Map<string, Rhythm>();
  private readonly ages = new ObservedAges();
  private readonly since = new Map<string, { readonly health: StampHealth; readonly atMs: number }>();

  constructor(private readonly options: MonitorOptions) {}

  /** Looks at every stamp once, at a time of the machine's clock. Returns how many changed. */
  async look(nowMs: number = machineNowMs()): Promise<number> {
    const { dataSource, region, intervalMs, listeningMs, metrics } = this.options;
    const rows = await rowsOf<Row>(
      dataSource,
      `SELECT s.name, s.health, s.health_reason, (extract(epoch FROM o.last_heartbeat_at) * 1000)::double precision AS heard_at_ms,
              (extract(epoch FROM o.workload_silent_since) * 1000)::double precision AS workload_silent_at_ms,
              (extract(epoch FROM clock_timestamp()) * 1000)::double precision AS now_ms
       FROM stamp s LEFT JOIN stamp_observation o ON o.stamp = s.name WHERE s.region = $1 AND s.status <> 'retired'`,
      [region],
    );
    if (rows[0]) this.ages.look(rows[0].now_ms, machineNowMs());
    let changed = 0;
    for (const row of rows) {
      const since = this.sinceOf(row, nowMs);
      const ageMs = this.ages.ageMs(`${row.name}/beat`, row.heard_at_ms);
      const workloadSilentMs = this.ages.ageMs(`${row.name}/workload`, row.workload_silent_at_ms);
      const limits = this.limitsOf(row, ageMs);
      const seen = { ageMs, intervalMs, limits, listeningMs: listeningMs(), workloadSilentMs };
      const judged = assess({ ...seen, previous: row.health, previousForMs: nowMs - since, previousReason: row.health_reason });
      metrics.lapidary_stamp_suspected_after_seconds.set({ stamp: row.name }, limits.suspectedMs / 1000);
      metrics.lapidary_stamp_health.set({ stamp: row.name }, healthRank[judged.health]);
      if (ageMs !== null) metrics.lapidary_stamp_heartbeat_age_seconds.set({ stamp: row.name }, ageMs / 1000);
      const isOther = judged.health !== row.health || judged.reason !== row.health_reason;
      if (isOther && (await this.change(row, judged))) changed++;
    }
    return changed;
  }

  /** The stamp's rhythm as this monitor has heard it; what came while it didn't listen is nobody's gap (P-HB4). */
  private limitsOf({ name, heard_at_ms: heardAtMs }: Row, ageMs: number | null): SilenceLimits {
    const { intervalMs, listeningMs } = this.options;
    const rhythm = this.rhythms.get(name) ?? new Rhythm(intervalMs);
    this.rhythms.set(name, rhythm);
    const heardMs = this.ages.ownMs(`${name}/beat`, heardAtMs);
    if (heardMs !== null && ageMs !== null && ageMs <= listeningMs()) rhythm.heard(heardMs);
    else rhythm.interrupted();
    return rhythm.limits;
  }

  private sinceOf({ name, health }: Row, nowMs: number): number {
    const known = this.since.get(name);
    if (known?.health === health) return known.atMs;
    this.since.set(name, { health, atMs: nowMs });
    return nowMs;
  }

  /** State and event together (I5); a stamp that is well again may take tenants that wait. */
  private async change({ name, health: before }: Row, { health, reason }: Assessed): Promise<boolean> {
    const { dataSource, region, clock, logger } = this.options;
    const done = await inTransaction(dataSource, async (tx) => {
      // Another monitor may have been here; then it is for the next look.
      const rows = await rowsOf(
        tx,
        'UPDATE stamp SET health = $3, health_reason = $4, updated_at = now() WHERE name = $1 AND health = $2 RETURNING 1',
        [name, before, health, reason],
      );
      if (rows.length === 0) return false;
      const context = systemContext(region, 'health', newId());
      await recordStampChange(tx, context, clock, 'lapidary.stamp.updated.v1', name, {
        health: { before, after: health },
        ...(reason === null ? {} : { reason }),
      });
      if (health === 'healthy') await notifyCapacity(tx, region);
      return true;
    });
    if (done) logger[health === 'healthy' ? 'info' : 'warn']({ stamp: name, before, health, reason }, 'the health of a stamp changed');
    return done;
  }
}

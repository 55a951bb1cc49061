import type { SensorReport } from '@lapidary/contracts/api/drift';
import type { Reader } from '@lapidary/db/transaction';
import type { MetricsOf } from '@lapidary/telemetry/metrics';
import { isOverdue } from './drift-status.js';
import { countFindings } from './finding-rows.js';
import type { driftMetrics } from './metrics.js';
import { lastFullRun } from './run-rows.js';

/** What the leader of the drift runs shows. */
export class DriftGauges {
  constructor(private readonly metrics: MetricsOf<typeof driftMetrics>) {}

  /**
   * Of the sensors of a run; kept until the next. A run in which nothing was planted for a sensor (of one stamp, or without a peer) says
   * nothing about whether it sees.
   */
  showSensors(reports: readonly SensorReport[]): void {
    for (const { kind, canary, skipped } of reports) {
      if (canary !== 'not-planted') this.metrics.lapidary_drift_sensor_alive.set({ sensor: kind }, canary === 'found' ? 1 : 0);
      this.metrics.lapidary_drift_skipped.set({ sensor: kind }, skipped.length);
    }
  }

  /** Of what stands now: ages grow and suppressions end without a run. `sinceMs`: when this leader began, where nobody has looked yet. */
  async show(reader: Reader, sinceMs: number, intervalMs: number): Promise<void> {
    const [counts, last] = [await countFindings(reader), await lastFullRun(reader)];
    this.metrics.lapidary_drift_findings.reset();
    for (const { kind, severity, state, count } of counts) this.metrics.lapidary_drift_findings.set({ kind, severity, state }, count);
    const open = counts.filter((c) => c.state === 'open').map((c) => c.oldest.getTime());
    this.metrics.lapidary_drift_oldest_finding_seconds.set(open.length === 0 ? 0 : ageSeconds(Math.min(...open)));
    this.metrics.lapidary_drift_last_run_age_seconds.set(ageSeconds(last?.finished_at?.getTime() ?? sinceMs));
    this.metrics.lapidary_drift_overdue.set(isOverdue(last, sinceMs, intervalMs) ? 1 : 0);
    this.metrics.lapidary_drift_quarantined.set(counts.reduce((sum, c) => sum + (c.state === 'open' ? c.quarantined : 0), 0));
  }

  /** Who leads no more must not go on showing what it knew. */
  forget(): void {
    this.metrics.lapidary_drift_findings.reset();
    this.metrics.lapidary_drift_oldest_finding_seconds.reset();
    this.metrics.lapidary_drift_sensor_alive.reset();
    this.metrics.lapidary_drift_skipped.reset();
    this.metrics.lapidary_drift_last_run_age_seconds.reset();
    this.metrics.lapidary_drift_overdue.reset();
    this.metrics.lapidary_drift_quarantined.reset();
  }
}

const ageSeconds = (atMs: number): number => Math.max(0, (Date.now() - atMs) / 1000);

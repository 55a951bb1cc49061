import { createMetrics, type MetricsOf } from '@lapidary/telemetry/metrics';
import type { Registry } from 'prom-client';

/** Seconds; a provision takes some seconds on one machine and up to half an hour in a cloud. */
const jobBuckets = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800] as const;

/** P-QL1: depth, age and duration of queued work. */
export const jobMetrics = {
  lapidary_jobs_open: { type: 'gauge', help: 'Jobs of this region that have not ended', labels: ['kind', 'status'] },
  lapidary_job_oldest_queued_seconds: { type: 'gauge', help: 'Age of the oldest queued job; 0 when none waits', labels: ['kind'] },
  lapidary_jobs_ended_total: { type: 'counter', help: 'Runs that this process ended, by outcome', labels: ['kind', 'outcome'] },
  lapidary_job_run_seconds: {
    type: 'histogram',
    help: 'Time from claim to end of a run',
    labels: ['kind', 'outcome'],
    buckets: jobBuckets,
  },
  lapidary_job_step_seconds: { type: 'histogram', help: 'Time of one step', labels: ['kind', 'step', 'outcome'], buckets: jobBuckets },
  lapidary_job_wait_seconds: {
    type: 'histogram',
    help: 'Time from being queued to being taken by a worker',
    labels: ['kind'],
    buckets: jobBuckets,
  },
  lapidary_job_dead_letters: { type: 'gauge', help: 'Dead letters of this region that nobody has dealt with', labels: ['kind'] },
  lapidary_job_dead_letters_total: { type: 'counter', help: 'Jobs and messages put aside as dead letters', labels: ['kind', 'cause'] },
  lapidary_job_leases_reclaimed_total: { type: 'counter', help: 'Jobs taken from silent workers', labels: ['kind'] },
} as const;

export type JobMetrics = MetricsOf<typeof jobMetrics>;

/** Made apart and added to the process's registry, so that /metrics shows one list. */
export const createJobMetrics = (registry?: Registry): JobMetrics => {
  const metrics = createMetrics(jobMetrics, { processMetrics: false });
  if (registry) {
    const { registry: _own, ...made } = metrics;
    for (const metric of Object.values(made)) registry.registerMetric(metric);
  }
  return metrics;
};

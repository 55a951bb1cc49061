import type { JobEstimate, UsualTime } from '@lapidary/contracts/api/jobs';
import { doneStepStatuses, openJobStatuses, type JobStatus, type StepStatus } from './job-states.js';

export interface TimedStep {
  readonly status: StepStatus;
  readonly startedAtMs: number | null;
  readonly usual: UsualTime | null;
}

/** Steps of some milliseconds are often twice as long; nobody needs to know. */
const noticeableMs = 1_000;

/**
 * How long a job that has not ended will still take, from what its steps usually take. A step under way counts with
 * what is left of its usual time, and with nothing beyond it: nobody knows by how much it will be late. Null as soon as
 * one step has no history: half an estimate would look like a whole one.
 */
export const estimateOf = (status: JobStatus, steps: readonly TimedStep[], nowMs: number): JobEstimate | null => {
  if (!openJobStatuses.includes(status) || steps.length === 0 || steps.some((s) => s.usual === null)) return null;
  const estimate = { usualMs: 0, atMostMs: 0, remainingMs: 0, remainingAtMostMs: 0, samples: Infinity, longerThanUsual: false };
  for (const step of steps) {
    const { medianMs, p90Ms, samples } = step.usual!;
    estimate.usualMs += medianMs;
    estimate.atMostMs += p90Ms;
    estimate.samples = Math.min(estimate.samples, samples);
    if (doneStepStatuses.includes(step.status)) continue;
    const elapsedMs = step.status === 'running' && step.startedAtMs !== null ? Math.max(0, nowMs - step.startedAtMs) : 0;
    estimate.remainingMs += Math.max(0, medianMs - elapsedMs);
    estimate.remainingAtMostMs += Math.max(0, p90Ms - elapsedMs);
    estimate.longerThanUsual ||= elapsedMs > p90Ms + noticeableMs;
  }
  return estimate;
};

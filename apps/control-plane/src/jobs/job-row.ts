import type { jobKinds } from '@lapidary/contracts/api/jobs';
import type { JobStatus, StepStatus } from './job-states.js';

export type JobKind = (typeof jobKinds)[number];
export type EventLevel = 'info' | 'warning' | 'error';
export type Json = Record<string, unknown>;

/** Rows as Postgres gives them. */
export interface JobRow {
  readonly id: string;
  readonly region: string;
  readonly kind: JobKind;
  readonly subject: string;
  /** Jobs of one kind and variant take comparable times; what estimates are made from. */
  readonly variant: string;
  readonly status: JobStatus;
  readonly attempt: number;
  readonly input: Json;
  readonly summary: string | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly requested_by: string;
  readonly request_id: string;
  readonly lease_owner: string | null;
  readonly lease_token: number;
  readonly lease_until: Date | null;
  readonly event_sequence: number;
  readonly created_at: Date;
  /** When it was queued last: by its creation, a retry, or a worker that let go. */
  readonly queued_at: Date;
  /** Workers that fell silent over it since a step of it was last done. */
  readonly reclaims: number;
  readonly cancel_forced_at: Date | null;
  /** When a step began that can't be taken back. */
  readonly no_return_at: Date | null;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

export interface StepRow {
  readonly job: string;
  readonly position: number;
  readonly name: string;
  readonly title: string;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly output: Json | null;
  readonly message: string | null;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
  readonly usual_median_ms: number | null;
  readonly usual_p90_ms: number | null;
  readonly usual_samples: number | null;
  readonly progress_done: number | null;
  readonly progress_expected: number | null;
}

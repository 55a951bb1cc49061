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
}

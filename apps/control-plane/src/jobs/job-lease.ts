import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { nextState } from '@lapidary/kernel/transition-table';
import { forcedGraceMs, leaseMs } from './job-limits.js';
import { jobTable, leasedJobStatuses, type JobStatus } from './job-states.js';
import type { JobRow } from './job-row.js';

/**
 * I8: a lease is (owner, token). The token grows with every lease, so the writes of a worker whose lease was taken away
 * match no row, however late they come. Times are the database's: workers' clocks play no part.
 */
export interface Lease {
  readonly jobId: string;
  readonly owner: string;
  readonly token: number;
}

const leaseLost = 'lease_lost';
const lostError = (lease: Lease): AppError =>
  new AppError('version_conflict', 'The job was given to another worker', {
    details: { cause: leaseLost, jobId: lease.jobId, token: lease.token },
  });

export const isLeaseLost = (error: unknown): boolean => isAppError(error) && error.details['cause'] === leaseLost;

/** Takes a queued job of this region, or undefined where there is nothing to take (somebody else has it, or it has ended). */
export const claimJob = async (
  tx: Tx,
  jobId: string,
  region: string,
  owner: string,
  forMs = leaseMs,
): Promise<{ job: JobRow; lease: Lease } | undefined> => {
  const [job] = await rowsOf<JobRow>(
    tx,
    `UPDATE job SET status = $4, lease_owner = $3, lease_token = lease_token + 1,
       lease_until = clock_timestamp() + $5 * interval '1 millisecond',
       started_at = coalesce(started_at, clock_timestamp()), error_code = NULL, error_message = NULL
     WHERE id = $1 AND region = $2 AND status = 'queued' RETURNING *`,
    [jobId, region, owner, nextState(jobTable, 'queued', 'start'), forMs],
  );
  return job && { job, lease: { jobId, owner, token: job.lease_token } };
};

export interface LeaseLook {
  readonly status: JobStatus;
  /** Somebody wants it to end now rather than in good order. */
  readonly forced: boolean;
}

/** Extends the lease and says what the job's status is now ("cancelling": stop). Undefined: the lease is lost. */
export const renewLease = async (tx: Pick<Tx, 'query'>, lease: Lease, forMs = leaseMs): Promise<LeaseLook | undefined> =>
  (
    await rowsOf<LeaseLook>(
      tx,
      `UPDATE job SET lease_until = clock_timestamp() + $4 * interval '1 millisecond'
       WHERE id = $1 AND lease_owner = $2 AND lease_token = $3 AND status = ANY($5)
       RETURNING status, cancel_forced_at IS NOT NULL AS forced`,
      [lease.jobId, lease.owner, lease.token, forMs, leasedJobStatuses],
    )
  )[0];

/**
 * First statement of each transaction in which a worker writes: locks the job's row under the lease, so that nobody can
 * take the lease away before the commit. Throws (isLeaseLost) where somebody already has.
 */
export const lockUnderLease = async (tx: Tx, lease: Lease): Promise<JobRow> => {
  const [job] = await rowsOf<JobRow>(
    tx,
    'SELECT * FROM job WHERE id = $1 AND lease_owner = $2 AND lease_token = $3 AND status = ANY($4) FOR UPDATE',
    [lease.jobId, lease.owner, lease.token, leasedJobStatuses],
  );
  if (!job) throw lostError(lease);
  return job;
};

/** Jobs of this region whose worker fell silent, or does not let go although it was told to by force. Rows that somebody else is just looking at are left to them. */
export const lockExpired = async (tx: Tx, region: string, limit: number, except: readonly string[] = []): Promise<JobRow[]> =>
  rowsOf<JobRow>(
    tx,
    `SELECT * FROM job WHERE region = $1 AND status = ANY($2) AND id <> ALL($5)
       AND (lease_until < clock_timestamp() OR cancel_forced_at < clock_timestamp() - $4 * interval '1 millisecond')
     ORDER BY lease_until LIMIT $3 FOR UPDATE SKIP LOCKED`,
    [region, leasedJobStatuses, limit, forcedGraceMs, except],
  );

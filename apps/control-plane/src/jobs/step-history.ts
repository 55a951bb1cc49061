import type { UsualTime } from '@lapidary/contracts/api/jobs';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { JobKind } from './job-row.js';

/** Enough for a 90th percentile that one odd run does not move; old enough runs were another template and another machine. */
const jobsMax = 50;

/** By step: how long it took in the latest jobs of this kind and variant that succeeded. Read once per job, when it is accepted. */
export const usualTimesOf = async (reader: Reader, kind: JobKind, variant: string): Promise<ReadonlyMap<string, UsualTime>> => {
  const rows = await rowsOf<UsualTime & { readonly name: string }>(
    reader,
    `SELECT s.name, count(*)::int AS samples,
            round((percentile_cont(0.5) WITHIN GROUP (ORDER BY took.ms))::numeric)::int AS "medianMs",
            ceil((percentile_cont(0.9) WITHIN GROUP (ORDER BY took.ms))::numeric)::int AS "p90Ms"
     FROM job_step s
     CROSS JOIN LATERAL (SELECT greatest(0, extract(epoch FROM s.finished_at - s.started_at) * 1000)::float8 AS ms) took
     -- As an array, so that the steps are found by their key: for a join Postgres may read the whole table (measured with 5,000 jobs: 20 ms instead of 4).
     WHERE s.job = ANY (ARRAY(SELECT id FROM job WHERE kind = $1 AND variant = $2 AND status = 'succeeded' ORDER BY finished_at DESC LIMIT $3))
       AND s.started_at IS NOT NULL AND s.finished_at IS NOT NULL
     GROUP BY s.name`,
    [kind, variant, jobsMax],
  );
  return new Map(rows.map(({ name, medianMs, p90Ms, samples }) => [name, { medianMs, p90Ms: Math.max(p90Ms, medianMs), samples }]));
};

import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';

/**
 * How many resources the template will deal with: as many as the last time for this stamp, else for another one of its
 * driver and profile. Null before the first: a guess would only look like knowledge.
 */
export const expectedResources = async (reader: Reader, spec: StampSpec): Promise<number | null> => {
  const [last] = await rowsOf<{ changes: Record<string, unknown> | null }>(
    reader,
    `SELECT s.output->'changes' AS changes FROM job j JOIN job_step s ON s.job = j.id AND s.name = 'apply' AND s.status = 'succeeded'
     WHERE j.kind = 'provision' AND j.input->'spec'->>'driver' = $2 AND j.input->'spec'->>'profile' = $3
     ORDER BY (j.subject = $1) DESC, s.finished_at DESC LIMIT 1`,
    [spec.name, spec.driver, spec.profile],
  );
  const counts = Object.values(last?.changes ?? {}).filter((n): n is number => typeof n === 'number');
  return counts.length === 0 ? null : counts.reduce((sum, n) => sum + n, 0);
};

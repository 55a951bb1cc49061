import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';

/**
 * Does `work` once per key and gives its answer again afterwards. Key and effect commit together; a second request
 * with the key waits at the key's unique index until the first has ended, and a failed first leaves no key behind.
 */
export const once = async <T>(tx: Tx, tenant: string, key: string | undefined, request: unknown, work: () => Promise<T>): Promise<T> => {
  if (key === undefined) return work();
  const digest = digestOf(request);
  const claimed = await tx.query<unknown[]>(
    'INSERT INTO idempotency_key (tenant, key, request_digest) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1',
    [tenant, key, digest],
  );
  if (claimed.length === 0) return earlierAnswer(tx, tenant, key, digest);
  const answer = await work();
  await tx.query('UPDATE idempotency_key SET answer = $3::jsonb WHERE tenant = $1 AND key = $2', [tenant, key, JSON.stringify(answer)]);
  return answer;
};

const earlierAnswer = async <T>(tx: Tx, tenant: string, key: string, digest: string): Promise<T> => {
  const [earlier] = await tx.query<{ request_digest: string; answer: T }[]>(
    'SELECT request_digest, answer FROM idempotency_key WHERE tenant = $1 AND key = $2',
    [tenant, key],
  );
  if (!earlier) throw new AppError('request_in_progress');
  if (earlier.request_digest !== digest) throw new AppError('idempotency_mismatch');
  return earlier.answer;
};

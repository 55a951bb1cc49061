import { rowsOf } from '@lapidary/db/rows';
import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { ClaimedIntent } from '../auth/claimed-intent.js';
import type { CommandAnswer } from './command-answer.js';

/**
 * IN1: the verdict "executed" is written first, in the transaction of the effect, so that both are there or neither is. Its key makes
 * everybody else who would decide (a duplicate, a cancel) wait for this transaction's end and find what it came to.
 */
export const claimIntent = async (tx: Tx, intent: ClaimedIntent, actor: string): Promise<void> => {
  const { origin, id, expiresAt } = intent;
  const claimed = await rowsOf<{ late: boolean }>(
    tx,
    `INSERT INTO intent_verdict (origin, id, verdict, actor, expires_at) VALUES ($1, $2, 'executed', $3, $4)
     ON CONFLICT DO NOTHING RETURNING clock_timestamp() > expires_at AS late`,
    [origin, id, actor, expiresAt],
  );
  // Whoever sent it reads the verdict that is there; this text is for nobody.
  if (!claimed[0]) throw new AppError('request_in_progress', undefined, { internal: 'the intent has its verdict' });
  // IN4: the owner's clock decides, at the last moment at which nothing has been done.
  if (claimed[0].late) throw new AppError('intent_expired');
};

/** Completes the verdict with what the API answers, before anybody can see it. */
export const completeIntent = async (tx: Tx, { origin, id }: ClaimedIntent, answer: CommandAnswer<unknown>): Promise<void> => {
  await tx.query('UPDATE intent_verdict SET status = $3, headers = $4::jsonb, body = $5 WHERE origin = $1 AND id = $2', [
    origin,
    id,
    answer.status,
    JSON.stringify({ 'content-type': 'application/json; charset=utf-8', ...answer.headers }),
    JSON.stringify(answer.body ?? null),
  ]);
};

import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { replayedHeader, type CommandAnswer } from './command-answer.js';

/** A key is an opaque id (a UUID, a ULID, a hash); 200 characters hold each of them. */
export const idempotencyKeyLengthMax = 200;
const keyPattern = /^[\x21-\x7e]+$/;

export interface IdempotentRequest {
  readonly principal: string;
  readonly key: string;
  readonly hash: string;
}

/** The query stays out: `?wait=` may differ between a request and its repeat. */
export const requestHash = (method: string, path: string, body: unknown): string => digestOf({ method, path, body: body ?? null });

export const parseIdempotencyKey = (header: string | undefined): string | null => {
  if (header === undefined) return null;
  if (header.length > 0 && header.length <= idempotencyKeyLengthMax && keyPattern.test(header)) return header;
  throw new AppError('invalid_input', `Idempotency-Key takes 1 to ${idempotencyKeyLengthMax} visible ASCII characters`, {
    fields: [{ path: 'Idempotency-Key', message: `1 to ${idempotencyKeyLengthMax} visible ASCII characters` }],
  });
};

interface StoredAnswer {
  readonly request_hash: string;
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

/**
 * Claims the key for this transaction, or returns the answer that was given before. Inserting first makes Postgres do
 * the waiting: a second request with the same key stands still at the unique index until the first has committed (then
 * it reads the answer) or rolled back (then it takes its place). The row is complete before anybody can see it.
 */
export const claimKey = async (tx: Tx, request: IdempotentRequest): Promise<CommandAnswer<unknown> | null> => {
  const claimed: unknown[] = await tx.query(
    `INSERT INTO idempotency_key (principal, key, request_hash, status, body) VALUES ($1, $2, $3, 0, 'null')
     ON CONFLICT DO NOTHING RETURNING key`,
    [request.principal, request.key, request.hash],
  );
  if (claimed.length > 0) return null;
  const [stored]: StoredAnswer[] = await tx.query(
    `SELECT request_hash, status, body, headers FROM idempotency_key WHERE principal = $1 AND key = $2`,
    [request.principal, request.key],
  );
  if (!stored) throw new AppError('request_in_progress');
  if (stored.request_hash !== request.hash) throw new AppError('idempotency_mismatch');
  return { status: stored.status, body: stored.body, headers: { ...stored.headers, [replayedHeader]: 'true' } };
};

export const storeAnswer = async (tx: Tx, request: IdempotentRequest, answer: CommandAnswer<unknown>): Promise<void> => {
  await tx.query(`UPDATE idempotency_key SET status = $3, body = $4::jsonb, headers = $5::jsonb WHERE principal = $1 AND key = $2`, [
    request.principal,
    request.key,
    answer.status,
    JSON.stringify(answer.body ?? null),
    JSON.stringify(answer.headers ?? {}),
  ]);
};

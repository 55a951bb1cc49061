import type { Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { digestOf } from '@lapidary/kernel/canonical-json';
import { replayedHeader, type CommandAnswer } from './command-answer.js';

/** A key is an opaque id (a UUID, a ULID, a hash); 200 characters hold each of them. */
export const idempotencyKeyLengthMax = 200;
const keyPattern = /^[\x21-\x7e]+$/;

export interface IdempotentRequest {
  readonly principal: string;
  /** Whose documents it is about; '' where it names no tenant. */
  readonly tenant: string;
  readonly key: string;
  readonly hash: string;
}

/** As it came, parsed: a name that is there twice has an array. */
export type RequestQuery = Readonly<Record<string, unknown>>;

/** `wait` concerns who waits for the answer, and may differ between a request and its repeat. The tenant is a part of the key. */
const outsideTheHash = new Set(['wait', 'tenant']);

/** What a key stands for. A query that says nothing else leaves the hash as it was before queries were in it. */
export const requestHash = (method: string, path: string, body: unknown, query: RequestQuery = {}): string => {
  const asked = Object.entries(query).filter(([name]) => !outsideTheHash.has(name));
  return digestOf({ method, path, body: body ?? null, ...(asked.length === 0 ? {} : { query: Object.fromEntries(asked) }) });
};

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
    `INSERT INTO idempotency_key (principal, tenant, key, request_hash, status, body) VALUES ($1, $2, $3, $4, 0, 'null')
     ON CONFLICT DO NOTHING RETURNING key`,
    [request.principal, request.tenant, request.key, request.hash],
  );
  if (claimed.length > 0) return null;
  const [stored]: StoredAnswer[] = await tx.query(
    `SELECT request_hash, status, body, headers FROM idempotency_key WHERE principal = $1 AND tenant = $2 AND key = $3`,
    [request.principal, request.tenant, request.key],
  );
  if (!stored) throw new AppError('request_in_progress');
  if (stored.request_hash !== request.hash) throw new AppError('idempotency_mismatch');
  return { status: stored.status, body: stored.body, headers: { ...stored.headers, [replayedHeader]: 'true' } };
};

export const storeAnswer = async (tx: Tx, request: IdempotentRequest, answer: CommandAnswer<unknown>): Promise<void> => {
  await tx.query(
    'UPDATE idempotency_key SET status = $4, body = $5::jsonb, headers = $6::jsonb WHERE principal = $1 AND tenant = $2 AND key = $3',
    [
      request.principal,
      request.tenant,
      request.key,
      answer.status,
      JSON.stringify(answer.body ?? null),
      JSON.stringify(answer.headers ?? {}),
    ],
  );
};

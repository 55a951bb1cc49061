import type { IntentListQuerySchema, IntentState } from '@lapidary/contracts/api/intents';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { z } from 'zod';
import type { ForwardedAnswer } from '../replication/api-forward.js';
import { intentColumns, type IntentRow } from './intent-row.js';

/** Notified at each change: whoever leads the dispatch looks at once. */
export const intentsChannel = 'lapidary_intents';

export interface NewIntent extends Pick<
  IntentRow,
  | 'id'
  | 'owner'
  | 'subject'
  | 'method'
  | 'url'
  | 'headers'
  | 'body'
  | 'actor'
  | 'reason'
  | 'request_id'
  | 'idempotency_key'
  | 'request_hash'
> {
  /** "sent" where it was tried before it was queued, and nobody knows what came of that. */
  readonly state: 'queued' | 'sent';
  readonly expiresAt: string;
}

/** Null where one with its key is there already. */
export const insertIntent = async (tx: Tx, n: NewIntent): Promise<IntentRow | null> => {
  const [row] = await rowsOf<IntentRow>(
    tx,
    `INSERT INTO intent (id, owner, subject, method, url, headers, body, actor, reason, request_id, idempotency_key, request_hash, state,
                         expires_at, attempts, last_attempt_at)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, $11, $12, $13, $14, $15, CASE WHEN $15 > 0 THEN now() END)
     ON CONFLICT (actor, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING RETURNING ${intentColumns}`,
    [
      n.id,
      n.owner,
      n.subject,
      n.method,
      n.url,
      JSON.stringify(n.headers),
      n.body,
      n.actor,
      n.reason,
      n.request_id,
      n.idempotency_key,
      n.request_hash,
      n.state,
      n.expiresAt,
      n.state === 'sent' ? 1 : 0,
    ],
  );
  await wakeDispatch(tx);
  return row ?? null;
};

export const wakeDispatch = async (tx: Reader): Promise<void> => {
  await tx.query(`SELECT pg_notify($1, '')`, [intentsChannel]);
};

export const findByKey = async (reader: Reader, actor: string, key: string): Promise<IntentRow | null> =>
  (await rowsOf<IntentRow>(reader, `SELECT ${intentColumns} FROM intent WHERE actor = $1 AND idempotency_key = $2`, [actor, key]))[0] ??
  null;

/** Region of the open intents about a subject; null without any. */
export const ownerOfOpen = async (reader: Reader, subject: string): Promise<string | null> => {
  const rows = await rowsOf<{ owner: string }>(reader, `SELECT owner FROM intent WHERE subject = $1 AND settled_at IS NULL LIMIT 1`, [
    subject,
  ]);
  return rows[0]?.owner ?? null;
};

export const countOpen = async (reader: Reader, owner: string): Promise<number> => {
  const rows = await rowsOf<{ open: number }>(reader, `SELECT count(*)::int AS open FROM intent WHERE owner = $1 AND settled_at IS NULL`, [
    owner,
  ]);
  return rows[0]!.open;
};

/** The part of `<region>.<ULID>` that the table knows. */
const keyOf = (id: string): string => id.slice(id.indexOf('.') + 1);

export const getIntent = async (reader: Reader, id: string, options?: { readonly lock: true }): Promise<IntentRow> => {
  const [row] = await rowsOf<IntentRow>(reader, `SELECT ${intentColumns} FROM intent WHERE id = $1${options?.lock ? ' FOR UPDATE' : ''}`, [
    keyOf(id),
  ]);
  if (!row) throw new AppError('not_found', `There is no intent ${id}`);
  return row;
};

type ListQuery = Omit<z.infer<typeof IntentListQuerySchema>, 'cursor' | 'region'> & { readonly before: string | null };

/** One row more than `limit`, the newest first. */
export const listIntents = async (reader: Reader, q: ListQuery): Promise<IntentRow[]> =>
  rowsOf(
    reader,
    `SELECT ${intentColumns} FROM intent
      WHERE CASE WHEN $1 = 'open' THEN settled_at IS NULL ELSE state = $1 END AND ($2::text IS NULL OR owner = $2)
        AND ($3::text IS NULL OR subject = $3) AND ($4::text IS NULL OR id < $4)
      ORDER BY id DESC LIMIT $5`,
    [q.state, q.owner ?? null, q.subject ?? null, q.before, q.limit + 1],
  );

export const endIntent = async (tx: Tx, id: string, state: IntentState, by: string, answer: ForwardedAnswer | null): Promise<void> => {
  await tx.query(`UPDATE intent SET state = $2, settled_at = now(), settled_by = $3, answer = $4::jsonb WHERE id = $1`, [
    id,
    state,
    by,
    answer === null ? null : JSON.stringify(answer),
  ]);
};

import { IntentDetailSchema, IntentSchema, type IntentDetail, type IntentState, type IntentView } from '@lapidary/contracts/api/intents';
import type { ForwardedAnswer } from '../replication/api-forward.js';

export interface IntentRow {
  readonly id: string;
  readonly owner: string;
  readonly subject: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly actor: string;
  readonly reason: string | null;
  readonly request_id: string;
  readonly idempotency_key: string | null;
  readonly request_hash: string;
  readonly state: IntentState;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly attempts: number;
  readonly last_attempt_at: Date | null;
  readonly last_error: string | null;
  readonly settled_at: Date | null;
  readonly settled_by: string | null;
  readonly answer: ForwardedAnswer | null;
}

export const intentColumns = `id, owner, subject, method, url, headers, body, actor, reason, request_id, idempotency_key, request_hash, state,
  created_at, expires_at, attempts, last_attempt_at, last_error, settled_at, settled_by, answer`;

const parsed = (text: string | null): unknown => {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return text;
  }
};

const outcomeOf = ({ answer }: IntentRow): IntentView['outcome'] => {
  if (answer === null) return null;
  const { code, detail } = (answer.status >= 400 ? (parsed(answer.body) ?? {}) : {}) as { code?: unknown; detail?: unknown };
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return { status: answer.status, code: text(code), detail: text(detail), location: answer.headers['location'] ?? null };
};

/** `region`: the one that queued it, this one. */
export const intentViewOf = (row: IntentRow, region: string): IntentView =>
  IntentSchema.parse({
    id: `${region}.${row.id}`,
    region,
    owner: row.owner,
    operation: `${row.method} ${row.url}`,
    subject: row.subject,
    state: row.state,
    actor: row.actor,
    reason: row.reason,
    idempotencyKey: row.idempotency_key,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    ageSeconds: Math.max(0, Math.round(((row.settled_at?.getTime() ?? Date.now()) - row.created_at.getTime()) / 1_000)),
    attempts: row.attempts,
    lastAttemptAt: row.last_attempt_at?.toISOString() ?? null,
    lastError: row.last_error,
    settledAt: row.settled_at?.toISOString() ?? null,
    settledBy: row.settled_by,
    outcome: outcomeOf(row),
  } satisfies IntentView);

export const intentDetailOf = (row: IntentRow, region: string): IntentDetail =>
  IntentDetailSchema.parse({ ...intentViewOf(row, region), body: parsed(row.body), answer: parsed(row.answer?.body ?? null) });

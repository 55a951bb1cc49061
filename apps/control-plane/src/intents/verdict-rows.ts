import type { IntentReply, IntentVerdict } from '@lapidary/contracts/intent-protocol';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import type { ClaimedIntent } from '../auth/claimed-intent.js';
import type { ForwardedAnswer } from '../replication/api-forward.js';

interface VerdictRow {
  readonly verdict: IntentVerdict;
  readonly status: number | null;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const replyOf = ({ verdict, status, headers, body }: VerdictRow): IntentReply => ({
  verdict,
  answer: status === null ? null : { status, headers, body },
});

/** What was decided on a peer's intent; null: nothing yet. */
export const readVerdict = async (reader: Reader, { origin, id }: Pick<ClaimedIntent, 'origin' | 'id'>): Promise<IntentReply | null> => {
  const [row] = await rowsOf<VerdictRow>(
    reader,
    `SELECT verdict, status, headers, body FROM intent_verdict WHERE origin = $1 AND id = $2`,
    [origin, id],
  );
  return row ? replyOf(row) : null;
};

/** IN2: writes a verdict unless there is one, waiting for an execution under way; the one that stands is returned. */
export const decide = async (
  reader: Reader,
  intent: ClaimedIntent,
  actor: string,
  verdict: IntentVerdict,
  answer: ForwardedAnswer | null,
): Promise<IntentReply> => {
  await reader.query(
    `INSERT INTO intent_verdict (origin, id, verdict, status, headers, body, actor, expires_at)
     VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8) ON CONFLICT DO NOTHING`,
    [
      intent.origin,
      intent.id,
      verdict,
      answer?.status ?? null,
      JSON.stringify(answer?.headers ?? {}),
      answer?.body ?? '',
      actor,
      intent.expiresAt,
    ],
  );
  return (await readVerdict(reader, intent)) ?? { verdict: 'not-now', answer: null };
};

/** IN4, by the clock that also judges within an execution (http/intent-claim.ts). */
export const isLate = async (reader: Reader, { expiresAt }: ClaimedIntent): Promise<boolean> => {
  const [row] = await rowsOf<{ late: boolean }>(reader, 'SELECT clock_timestamp() > $1::timestamptz AS late', [expiresAt]);
  return row!.late;
};

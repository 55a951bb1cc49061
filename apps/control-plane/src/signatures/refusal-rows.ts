import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';
import type { Refusal } from './peer-seals.js';

/** What happened longer ago is in the metrics and the dead letters, and is no reason to say that it happens. */
export const recentMinutes = 15;

export interface RecentRefusal extends Refusal {
  readonly lastAt: string;
}

/** There are not more rows than peers and kinds, however much is forged. */
export const noteRefusals = async (db: Pick<Tx, 'query'>, refusals: readonly Refusal[]): Promise<void> => {
  if (refusals.length === 0) return;
  await db.query(
    `INSERT INTO signature_refusal AS r (peer, what, why, times)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
     ON CONFLICT (peer, what, why) DO UPDATE SET times = r.times + excluded.times, last_at = now()`,
    [refusals.map((r) => r.peer), refusals.map((r) => r.what), refusals.map((r) => r.why), refusals.map((r) => r.times)],
  );
};

/** Of the last quarter of an hour, by peer. `times`: since it was first seen. */
export const recentRefusals = async (db: Reader): Promise<ReadonlyMap<string, readonly RecentRefusal[]>> => {
  const rows = await rowsOf<Omit<RecentRefusal, 'times' | 'lastAt'> & { readonly times: string; readonly last_at: Date }>(
    db,
    `SELECT peer, what, why, times, last_at FROM signature_refusal WHERE last_at > now() - make_interval(mins => $1) ORDER BY last_at DESC, what, why`,
    [recentMinutes],
  );
  const all = rows.map(({ last_at, times, ...row }) => ({ ...row, times: Number(times), lastAt: last_at.toISOString() }));
  return Map.groupBy(all, ({ peer }) => peer);
};

/** For people. */
export const refusedTexts = (recent: ReadonlyMap<string, readonly RecentRefusal[]>): string[] =>
  [...recent].map(
    ([peer, of]) =>
      `something in the name of region ${peer} is refused for its signature: ${of.map(({ what, why, lastAt }) => `${what}, ${why}, last at ${lastAt}`).join('; ')}`,
  );

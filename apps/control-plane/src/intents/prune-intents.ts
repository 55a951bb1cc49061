import type { Reader } from '@lapidary/db/transaction';

/** People ask for weeks what became of something. */
const settledDays = 30;
/**
 * An origin that was cut off right after it had sent an intent asks for the verdict when it is back. One that is away for longer than
 * this after the intent's time is told "expired" of what may have been executed; a region that long away is restored, not reconnected.
 */
const verdictDays = 90;

export const pruneIntents = async (reader: Reader): Promise<void> => {
  await reader.query(`DELETE FROM intent WHERE settled_at < now() - make_interval(days => $1)`, [settledDays]);
  await reader.query(`DELETE FROM intent_verdict WHERE expires_at < now() - make_interval(days => $1)`, [verdictDays]);
};

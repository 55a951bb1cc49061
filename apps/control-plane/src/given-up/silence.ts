import { rowsOf } from '@lapidary/db/rows';
import type { Reader, Tx } from '@lapidary/db/transaction';

/** RG1: who was heard within this is not given up by a region that heard it. */
export const silentMinutesMin = 10;

/** When this region heard that one last, where that is too lately to give it up; else null. */
export const heardLately = async (reader: Reader, region: string): Promise<Date | null> => {
  const [row] = await rowsOf<{ at: Date }>(
    reader,
    `SELECT greatest(confirmed_at, returned_at) AS at FROM version_vector
      WHERE origin = $1 AND greatest(confirmed_at, returned_at) > now() - make_interval(mins => $2)`,
    [region, silentMinutesMin],
  );
  return row?.at ?? null;
};

/**
 * Nobody was heard after this moment: what says so was written before the clock was set back, and would count as lately for as long as that was. The silence is
 * measured anew from here on.
 */
export const setBackToNow = async (db: Pick<Tx, 'query'>): Promise<void> => {
  await db.query(
    // "least" leaves out what is null, and would say that it was heard now.
    `UPDATE version_vector SET confirmed_at = CASE WHEN confirmed_at IS NOT NULL THEN least(confirmed_at, clock_timestamp()) END,
            returned_at = CASE WHEN returned_at IS NOT NULL THEN least(returned_at, clock_timestamp()) END
      WHERE confirmed_at > clock_timestamp() OR returned_at > clock_timestamp()`,
  );
};

/**
 * What a region that remains has to say of a decision (RG1). It objects only where it has heard the region since it knew of the decision, by a count that no clock
 * changes; one that was heard before is waited for until ten minutes of silence have passed. Before it agrees it asks the region once more, since its own
 * clock may have been set forward. `answers`: what came of that; null: not asked yet.
 */
export const judgeSilence = async (
  tx: Tx,
  decision: { readonly id: string; readonly region: string },
  answers: boolean | null,
): Promise<'objects' | 'agrees' | 'waits' | 'ask'> => {
  const [times] = await rowsOf<{ then: string; now: string }>(
    tx,
    `WITH vector AS (SELECT coalesce((SELECT heard FROM version_vector WHERE origin = $2), 0) AS heard)
     INSERT INTO given_up_heard AS g (decision, heard) SELECT $1, heard FROM vector
     ON CONFLICT (decision) DO UPDATE SET heard = g.heard RETURNING g.heard AS then, (SELECT heard FROM vector) AS now`,
    [decision.id, decision.region],
  );
  if (answers === true || BigInt(times!.now) > BigInt(times!.then)) return 'objects';
  if (await heardLately(tx, decision.region)) return 'waits';
  return answers === null ? 'ask' : 'agrees';
};

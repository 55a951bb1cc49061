import type { Reader, Tx } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import { stampSelect, type StampRow } from './stamp-row.js';

export const findStamp = async (reader: Reader, name: string): Promise<StampRow | null> => {
  const [row]: StampRow[] = await reader.query(`${stampSelect} WHERE s.name = $1`, [name]);
  return row ?? null;
};

export const getStamp = async (reader: Reader, name: string): Promise<StampRow> => {
  const row = await findStamp(reader, name);
  if (!row) throw new AppError('not_found', `There is no stamp ${name}`);
  return row;
};

/** Locks the stamp against other changes until the transaction ends; placements on it wait too. */
export const lockStamp = async (tx: Tx, name: string): Promise<StampRow | null> => {
  await tx.query(`SELECT 1 FROM stamp WHERE name = $1 FOR NO KEY UPDATE`, [name]);
  return findStamp(tx, name);
};

export interface StampListQuery {
  readonly region?: string | undefined;
  readonly status?: string | undefined;
  readonly after: string | null;
  readonly limit: number;
}

/** One row more than `limit`, so that the caller knows whether there is a next page. */
export const listStamps = async (reader: Reader, query: StampListQuery): Promise<StampRow[]> =>
  reader.query(
    `${stampSelect}
      WHERE ($1::text IS NULL OR s.region = $1) AND ($2::text IS NULL OR s.status = $2) AND ($3::text IS NULL OR s.name > $3)
      ORDER BY s.name LIMIT $4`,
    [query.region ?? null, query.status ?? null, query.after, query.limit + 1],
  );

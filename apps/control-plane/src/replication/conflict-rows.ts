import type { ConflictCount, ConflictListQuerySchema } from '@lapidary/contracts/api/replication';
import { rowsOf } from '@lapidary/db/rows';
import type { Reader } from '@lapidary/db/transaction';
import { AppError } from '@lapidary/kernel/app-error';
import type { z } from 'zod';
import { placeSql, readPlace } from '../http/time-place.js';

export interface ConflictRow {
  readonly id: string;
  readonly policy: string;
  readonly subject: string;
  readonly winner: unknown;
  readonly loser: unknown;
  readonly cause: string;
  /** Of documents of collections; '' in a collection of the fleet, null for names. */
  readonly tenant: string | null;
  readonly collection: string | null;
  readonly field: string | null;
  readonly detected_at: Date;
  /** Time and id, so that a page goes on where the one before ended even among conflicts of one moment. */
  readonly place: string;
}

const select = `SELECT id, policy, subject, winner, loser, cause, collection, tenant, field, detected_at,
  ${placeSql('detected_at')} AS place FROM conflict`;

export type ConflictsQuery = Omit<z.infer<typeof ConflictListQuerySchema>, 'cursor' | 'region'> & { readonly before: string | null };

/**
 * One page in SQL, in the order of an index on the time, alone or behind the collection or the tenant (migration 75): a page costs what it
 * shows, however long the ledger is. Only the conditions that are asked for stand in it, so that the planner needs to guess nothing.
 */
export const conflictsPage = (q: ConflictsQuery): { readonly sql: string; readonly values: readonly unknown[] } => {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const conditions = [
    ...(q.subject === undefined ? [] : [`subject = ${value(q.subject)}`]),
    ...(q.collection === undefined ? [] : [`collection = ${value(q.collection)}`]),
    ...(q.tenant === undefined ? [] : [`tenant = ${value(q.tenant)}`]),
    ...(q.since === undefined ? [] : [`detected_at >= ${value(q.since)}::timestamptz`]),
    ...(q.until === undefined ? [] : [`detected_at < ${value(q.until)}::timestamptz`]),
  ];
  if (q.before !== null) {
    const [time, id] = readPlace(q.before);
    conditions.push(`(detected_at, id) < (${value(time)}::timestamptz, ${value(id)})`);
  }
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return { sql: `${select}${where} ORDER BY detected_at DESC, id DESC LIMIT ${value(q.limit + 1)}`, values };
};

/** One row more than `limit`, the newest first. */
export const listConflicts = async (reader: Reader, query: ConflictsQuery): Promise<ConflictRow[]> => {
  const { sql, values } = conflictsPage(query);
  return await rowsOf<ConflictRow>(reader, sql, [...values]);
};

export const getConflict = async (reader: Reader, id: string): Promise<ConflictRow> => {
  const [row] = await rowsOf<ConflictRow>(reader, `${select} WHERE id = $1`, [id]);
  if (!row) throw new AppError('not_found', `There is no conflict ${id}`);
  return row;
};

/** By subject first: counting distinct subjects in one go would sort the whole ledger. */
export const countConflicts = async (reader: Reader): Promise<ConflictCount[]> =>
  (
    await rowsOf<Omit<ConflictCount, 'latest'> & { latest: Date }>(
      reader,
      `SELECT collection, sum(n)::int AS conflicts, count(*)::int AS subjects, sum(today)::int AS today, max(latest) AS latest
         FROM (SELECT collection, subject, count(*) AS n, max(detected_at) AS latest,
                      count(*) FILTER (WHERE detected_at > now() - interval '24 hours') AS today
                 FROM conflict GROUP BY collection, subject) AS of_one
        GROUP BY collection ORDER BY conflicts DESC, collection`,
    )
  ).map((row) => ({ ...row, latest: row.latest.toISOString() }));

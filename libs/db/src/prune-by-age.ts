import { rowsOf } from './rows.js';
import type { DataSource } from 'typeorm';

/** One statement's worth: its locks are held for milliseconds. */
const prunedAtOnceMax = 5_000;

/** Repeats the statement (days as $1, rows at the most as $2), which returns a row for each that went, until it finds less than that. Returns how many went. */
export const pruneByAge = async (dataSource: DataSource, sql: string, days: number): Promise<number> => {
  let all = 0;
  for (let more = true; more;) {
    const gone = (await rowsOf(dataSource, sql, [days, prunedAtOnceMax])).length;
    all += gone;
    more = gone === prunedAtOnceMax;
  }
  return all;
};

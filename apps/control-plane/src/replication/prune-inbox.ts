import { rowsOf } from '@lapidary/db/rows';
import type { DataSource } from 'typeorm';
import { graceDays } from '../outbox/prune-outbox.js';

/** The version vector alone keeps events from taking effect twice; the inbox is the second wall, and need not be old. */
export const pruneInbox = async (dataSource: DataSource, days: number = graceDays): Promise<number> =>
  (
    await rowsOf(
      dataSource,
      `DELETE FROM inbox i USING version_vector v
       WHERE v.origin = i.origin AND i.sequence <= v.sequence AND i.applied_at < now() - make_interval(days => $1) RETURNING 1`,
      [days],
    )
  ).length;

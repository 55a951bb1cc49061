import { rowsOf } from '@lapidary/db/rows';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { pruneInbox, prunedAtOnceMax } from './prune-inbox.js';

let us: TestRegion;
beforeEach(async () => {
  us = await openTestRegion();
});
afterEach(async () => us.close());

/** Events 1 to `count` of an origin, taken in eight days ago; but for every 4,000th, which was parked and taken in today. */
const take = async (origin: string, count: number, through = count): Promise<void> => {
  await us.dataSource.query('INSERT INTO version_vector (origin, epoch, sequence) VALUES ($1, 2, $2)', [origin, through]);
  await us.dataSource.query(
    `INSERT INTO inbox (event_id, origin, epoch, sequence, type, applied_at)
     SELECT n::text, $1, 2, n, 't', now() - CASE WHEN n % 4000 = 1 THEN interval '0' ELSE interval '8 days' END FROM generate_series(1, $2::int) AS n`,
    [origin, count],
  );
};

it('is pruned of all that is old, a piece at a time, however much that is', async () => {
  await us.dataSource.query(`
    CREATE TABLE pruned (rows int);
    CREATE FUNCTION note_pruned() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO pruned SELECT count(*) FROM gone; RETURN NULL; END $$;
    CREATE TRIGGER note_pruned AFTER DELETE ON inbox REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_pruned();`);
  await take('ap', 2 * prunedAtOnceMax + 2_000);
  await take('eu', 300, 200);
  expect(await pruneInbox(us.dataSource)).toBe(2 * prunedAtOnceMax + 2_000 - 3 + 199);
  const left = await rowsOf(us.dataSource, 'SELECT origin, count(*)::int AS n FROM inbox GROUP BY 1 ORDER BY 1');
  expect(left).toEqual([
    { origin: 'ap', n: 3 },
    { origin: 'eu', n: 101 },
  ]);
  const [most] = await rowsOf<{ rows: number }>(us.dataSource, 'SELECT max(rows) AS rows FROM pruned');
  expect(most!.rows).toBeLessThanOrEqual(prunedAtOnceMax);
});

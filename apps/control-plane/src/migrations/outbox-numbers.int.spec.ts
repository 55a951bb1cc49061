import { createDataSource } from '@lapidary/db/data-source';
import { migrate } from '@lapidary/db/migrate';
import { rowsOf } from '@lapidary/db/rows';
import { freshDatabase } from '@lapidary/testing/backends';
import type { DataSource } from 'typeorm';
import { numberOutbox } from '../outbox/number-outbox.js';
import { eventsBetween, readOrigin } from '../outbox/outbox-rows.js';
import { outboxBacklog, publishedThrough } from '../outbox/published-through.js';
import { OutboxNumbers1763772000027 } from './0027-outbox-numbers.js';
import { migrations } from './all.js';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let open: DataSource;

const openAt = async (which: typeof migrations): Promise<DataSource> => {
  const source = createDataSource({ url: database.url, applicationName: 'test', poolSize: 2, migrations: which });
  await source.initialize();
  await migrate(source);
  return source;
};
const before = migrations.slice(0, migrations.indexOf(OutboxNumbers1763772000027));

/** Seven events as the version before left them: sequence (null: none yet) and whether it was published, by position. */
const written: readonly (readonly [number | null, boolean])[] = [
  [1, true],
  [3, true],
  [2, true],
  [null, false],
  [4, false],
  [5, true],
  [null, false],
];

beforeEach(async () => {
  database = await freshDatabase();
  const old = await openAt(before);
  await old.query(`INSERT INTO origin (region, generation, sequence) VALUES ('eu', 'g', 5)`);
  for (const [i, [sequence, isPublished]] of written.entries())
    await old.query(
      `INSERT INTO outbox (id, hlc, type, subject, request_id, actor, data, origin_sequence, origin_epoch, published_at)
       VALUES ($1, '0', 'lapidary.job.changed.v1', $2, 'r', 'a', '{}', $3::bigint, CASE WHEN $3 IS NOT NULL THEN 1 END, CASE WHEN $4 THEN now() END)`,
      [`e${i}`, `s${i}`, sequence, isPublished],
    );
  await old.destroy();
  open = await openAt(migrations);
});
afterEach(async () => {
  await open.destroy();
  await database.drop();
});

describe('an outbox that an older version has filled', () => {
  it('keeps its numbers, its place in the stream, and what has no number yet, in order (I5, I6)', async () => {
    expect(await publishedThrough(open)).toBe(3); // what is behind the first that is not published is published again
    expect(await outboxBacklog(open)).toMatchObject({ depth: 4 });
    expect(await numberOutbox(open)).toBe(2);
    const events = await eventsBetween(open, await readOrigin(open), 1, 100, 100);
    expect(events.map((e) => [e.originsequence, e.id])).toEqual([
      [1, 'e0'],
      [2, 'e2'],
      [3, 'e1'],
      [4, 'e4'],
      [5, 'e5'],
      [6, 'e3'],
      [7, 'e6'],
    ]);
  });

  it('can go back', async () => {
    await numberOutbox(open, 1);
    const runner = open.createQueryRunner();
    await new OutboxNumbers1763772000027().down(runner);
    await runner.release();
    const rows = await rowsOf(open, 'SELECT id, origin_sequence AS n, published_at IS NOT NULL AS told FROM outbox ORDER BY position');
    expect(rows).toEqual(
      [
        ['e0', 1],
        ['e1', 3],
        ['e2', 2],
        ['e3', 6],
        ['e4', 4],
        ['e5', 5],
        ['e6', null],
      ].map(([id, n]) => ({
        id,
        n: n === null ? null : String(n),
        told: n !== null && Number(n) <= 3,
      })),
    );
  });
});

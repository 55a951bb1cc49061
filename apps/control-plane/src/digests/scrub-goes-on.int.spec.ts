import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { openTwoRegions } from '../replication/testing/two-regions.js';
import { inTransaction } from '@lapidary/db/transaction';
import { foldDigests, readRoots } from './digest-rows.js';
import { readScrubbed, scrubOnce, type Scrubbed } from './scrub.js';

/** What stands in the way of the scrub in one collection, or of all of it, must neither stop the rest nor look like order. */
describe('a scrub that is hindered', () => {
  let region: CollectionRegion;
  let close: () => Promise<void>;

  beforeEach(async () => {
    const two = await openTwoRegions();
    region = new CollectionRegion(two.eu);
    close = async () => two.close();
    for (const name of ['first', 'second']) {
      await region.define(name, definitionOf({ kind: 'lww' }));
      await region.write(name, 'd', { op: 'put', value: { n: 1 } });
    }
    await foldDigests(region.region.dataSource);
    await pass();
  });
  afterEach(async () => close());

  const sql = async (text: string): Promise<void> => void (await region.region.dataSource.query(text));
  /** All of it once, as its loop does: what goes wrong is tried again later. */
  const pass = async (): Promise<void> => {
    await sql(
      `UPDATE digest_scrub SET noted_at = 'epoch', passed_at = CASE collection WHEN 'first' THEN timestamptz 'epoch' ELSE '1971-01-01' END`,
    );
    for (let slices = 0; slices < 20; slices++)
      if ((await scrubOnce(region.region.dataSource, region.site.nested).catch(() => undefined)) === null) return;
  };
  const seen = async (): Promise<Scrubbed> => await readScrubbed(region.region.dataSource, { rowsPerSecond: 500, upSince: new Date(0) });
  const corrupt = async (): Promise<string[]> => (await seen()).corrupt.map(({ collection, id }) => `${collection} ${id}`);
  /** As a run does. */
  const tell = async (): Promise<void> =>
    await sql(`INSERT INTO drift_finding (id, region, kind, subject, path, expected, observed, severity, owner)
               SELECT 'f' || clock_timestamp(), region, 'scrub', 'collection/first', 'lww digest', '""', '""', 'critical', '' FROM origin
               ON CONFLICT (kind, subject, path) WHERE resolved_at IS NULL DO UPDATE SET last_seen = now()`);
  const rot = async (): Promise<void> =>
    await sql(
      `UPDATE document SET packed = NULL, state = jsonb_set(document_state(document), '{fields,n,siblings,0,value}', '777') WHERE collection = 'second'`,
    );

  it('makes a kept digest that can’t be read anew, says so, and goes on with the others', async () => {
    await sql(`UPDATE digest_state SET sketch = '\\x00' WHERE collection = 'first'`);
    await rot();
    await pass();
    expect(await corrupt()).toEqual(['first $digest', 'second d']);
    await pass();
    // It is in order by now, and nobody has heard that it was not.
    expect(await corrupt()).toEqual(['first $digest', 'second d']);
    await tell();
    await pass();
    expect(await corrupt()).toEqual(['second d']);
  });

  it('finds documents of which no digest is kept, and that of what is gone all is in order again', async () => {
    await sql(`DELETE FROM digest_state WHERE collection = 'first'`);
    await pass();
    expect(await corrupt()).toEqual(['first $digest']);
    expect(await readRoots(region.region.dataSource)).toMatchObject([{ collection: 'first' }, { collection: 'second' }]);
    // Emptied behind the triggers' back: the digest is wrong once more, and then of nothing.
    await inTransaction(region.region.dataSource, async (tx) => {
      await tx.query('SET LOCAL session_replication_role = replica');
      await tx.query(`DELETE FROM document WHERE collection = 'first'`);
    });
    await pass();
    await tell();
    await pass();
    expect(await corrupt()).toEqual([]);
    expect(await readRoots(region.region.dataSource)).toMatchObject([{ collection: 'second' }]);
  });

  it('tells of a collection that can’t be looked through, and takes what it knew of it for nothing; the others have their turn', async () => {
    await sql(`ALTER TABLE document RENAME COLUMN packed TO away`);
    await pass();
    expect(await seen()).toMatchObject({ collections: [], failed: [{ collection: 'first' }, { collection: 'second' }] });
    await sql(`ALTER TABLE document RENAME COLUMN away TO packed`);
    await pass();
    expect(await seen()).toMatchObject({ collections: ['first', 'second'], failed: [], stalledSince: null });
  });

  it('that has stopped is told of, unless this process has only just begun', async () => {
    await sql(`UPDATE digest_scrub SET noted_at = now() - interval '1 day'`);
    expect((await seen()).stalledSince).toEqual(expect.any(Date));
    const { dataSource } = region.region;
    expect((await readScrubbed(dataSource, { rowsPerSecond: 500, upSince: new Date() })).stalledSince).toBeNull();
    // At one row a second a slice takes half an hour: a day is too long all the same.
    expect((await readScrubbed(dataSource, { rowsPerSecond: 1, upSince: new Date(0) })).stalledSince).toEqual(expect.any(Date));
    await pass();
    expect((await seen()).stalledSince).toBeNull();
  });
});

import type { Json } from '@lapidary/replication/merge/json';
import type { WriteCommand } from '@lapidary/replication/collections/write-document';
import { rowsOf } from '@lapidary/db/rows';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import { releaseHeld } from '../collections/release-held.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { readEvents } from '@lapidary/replication/read-events';
import { ingest, takeInHeld } from './ingest.js';
import { handOver, logOf, openTwoRegions, toolsOf } from './testing/two-regions.js';
import { adoptEpoch } from './peer-position.js';

const add = (units: number): WriteCommand => ({ op: 'operate', operations: [{ op: 'add', units }] });
const subtract = (units: number): WriteCommand => ({ op: 'operate', operations: [{ op: 'subtract', units }] });
const give = (units: number, to: string): WriteCommand => ({ op: 'operate', operations: [{ op: 'give', units, to }] });
const put = (value: Json): WriteCommand => ({ op: 'put', value });

describe('collections of two regions', () => {
  let eu: CollectionRegion;
  let us: CollectionRegion;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const two = await openTwoRegions();
    close = two.close;
    eu = new CollectionRegion(two.eu);
    us = new CollectionRegion(two.us);
    await eu.define('attributes', definitionOf({ kind: 'lww' }));
    await eu.define('stock', definitionOf({ kind: 'counter' }));
    await eu.define('orders', definitionOf({ kind: 'append' }));
    await eu.define('profiles', definitionOf({ kind: 'document', genesis: { addresses: [], notes: '' }, text: ['notes'] }));
    await heal();
  });
  afterAll(async () => close());

  /** The path comes back: each region takes in what the other has told meanwhile, twice for what is told of that. */
  const heal = async (): Promise<void> => {
    await handOver(eu.region, us.region);
    await handOver(us.region, eu.region);
  };
  const equal = async (): Promise<void> => expect(await us.everything()).toEqual(await eu.everything());
  const ledger = async (r: CollectionRegion, collection: string): Promise<unknown[]> =>
    (
      await rowsOf<{ field: string; winner: { region: string }; loser: { region: string; value?: unknown } }>(
        r.region.dataSource,
        'SELECT field, winner, loser FROM conflict WHERE collection = $1 ORDER BY field, id',
        [collection],
      )
    ).map((row) => [row.field, row.loser.value, row.loser.region === eu.region.name ? 'eu' : 'us']);

  it('merge attributes field by field after a cut, and keep every value that lost (I6)', async () => {
    await eu.write('attributes', 'a1', put({ title: 'Cup', price: 5 }));
    await heal();
    await eu.write('attributes', 'a1', { op: 'patch', value: { price: 6 } });
    await us.write('attributes', 'a1', { op: 'patch', value: { price: 7, colour: 'red' } });
    await heal();
    expect(await eu.value('attributes', 'a1')).toEqual({ title: 'Cup', price: 7, colour: 'red' });
    expect(await ledger(eu, 'attributes')).toEqual([['price', 6, 'eu']]);
    await equal();
    // Whoever writes next has seen both: no conflict any more, the ledger keeps the entry.
    await eu.write('attributes', 'a1', { op: 'patch', value: { price: 8 } });
    await heal();
    expect(await us.value('attributes', 'a1')).toMatchObject({ price: 8 });
    await equal();
  });

  it('settle a delete and a concurrent write alike', async () => {
    await eu.write('attributes', 'a2', put({ title: 'Pan' }));
    await heal();
    await us.write('attributes', 'a2', { op: 'patch', value: { price: 1 } });
    await eu.write('attributes', 'a2', { op: 'delete' });
    await heal();
    expect([await eu.value('attributes', 'a2'), await us.value('attributes', 'a2')]).toEqual([null, null]);
    await equal();
  });

  it('never sell more than there is while cut off, and sell all of it (C2, C3)', async () => {
    await eu.write('stock', 's1', add(10));
    await heal();
    await expect(us.write('stock', 's1', subtract(1))).rejects.toMatchObject({ code: 'rights_exhausted' });
    await eu.write('stock', 's1', give(4, us.region.name));
    await heal();
    await us.write('stock', 's1', subtract(4));
    await eu.write('stock', 's1', subtract(6));
    await expect(us.write('stock', 's1', subtract(1))).rejects.toMatchObject({ code: 'rights_exhausted' });
    await expect(eu.write('stock', 's1', subtract(1))).rejects.toMatchObject({ code: 'rights_exhausted' });
    await heal();
    expect([await eu.value('stock', 's1'), await us.value('stock', 's1')]).toEqual([0, 0]);
    await equal();
  });

  it('let no two writers of one region use the same right', async () => {
    await eu.write('stock', 's2', add(5));
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, async () => eu.write('stock', 's2', subtract(1))));
    expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(5);
    expect(await eu.value('stock', 's2')).toBe(0);
  });

  it('append entries once, and report a second body under one id instead of overwriting', async () => {
    await eu.write('orders', 'o1', put({ total: 9 }));
    await us.write('orders', 'o1', put({ total: 9 }));
    await eu.write('orders', 'o2', put({ total: 1 }));
    await us.write('orders', 'o2', put({ total: 2 }));
    await expect(eu.write('orders', 'o1', put({ total: 8 }))).rejects.toMatchObject({ code: 'entry_differs' });
    await heal();
    expect(await eu.value('orders', 'o2')).toEqual(await us.value('orders', 'o2'));
    expect(await ledger(us, 'orders')).toHaveLength(1);
    await equal();
  });

  it('weave profiles together that both sides created and edited', async () => {
    await eu.write('profiles', 'p1', put({ addresses: [{ city: 'Bonn' }], notes: '', name: 'Ann' }));
    await us.write('profiles', 'p1', put({ addresses: [{ city: 'Austin' }], notes: '', name: 'Bo' }));
    await heal();
    const merged = (await eu.value('profiles', 'p1')) as { addresses: unknown[] };
    expect(merged.addresses).toHaveLength(2);
    expect(await us.value('profiles', 'p1')).toEqual(merged);
    expect((await ledger(eu, 'profiles')).map((row) => (row as unknown[])[0])).toEqual(['name']);
    await us.write('profiles', 'p1', {
      op: 'operate',
      operations: [{ op: 'text', path: ['notes'], index: 0, remove: 0, insert: 'ring twice' }],
    });
    await heal();
    expect(await eu.value('profiles', 'p1')).toMatchObject({ notes: 'ring twice' });
    await equal();
  });

  it('end alike when events come again and in another order (I5, I6)', async () => {
    await us.write('attributes', 'a1', { op: 'patch', value: { price: 9 } });
    const events = readEvents(us.region.name, await logOf(us.region));
    await ingest(eu.region.dataSource, toolsOf(eu.region), us.region.name, [...events, ...events.slice(0, 5)]);
    await ingest(eu.region.dataSource, toolsOf(eu.region), us.region.name, events);
    await heal();
    await equal();
  });

  it('tell of one name with two kinds by the earlier definition, and lose neither’s documents', async () => {
    await eu.define('twice', definitionOf({ kind: 'lww' }));
    await us.define('twice', definitionOf({ kind: 'counter' }));
    await us.write('twice', 'x', add(3));
    await heal();
    await equal();
    expect(await us.value('twice', 'x')).toBeNull();
    expect(
      await rowsOf(eu.region.dataSource, `SELECT state->'rows' AS rows FROM document WHERE collection = 'twice' AND kind = 'counter'`),
    ).toHaveLength(1);
    expect(await ledger(eu, 'twice')).toHaveLength(1);
  });

  it('resolve open conflicts anew when the policy changes, in both regions', async () => {
    await eu.write('attributes', 'a3', put({ price: 5 }));
    await heal();
    await eu.write('attributes', 'a3', { op: 'patch', value: { price: 90 } });
    await us.write('attributes', 'a3', { op: 'patch', value: { price: 10 } });
    await heal();
    expect(await us.value('attributes', 'a3')).toEqual({ price: 10 });
    await us.define('attributes', definitionOf({ kind: 'lww', rules: { price: 'highest' } }));
    await heal();
    expect([await eu.value('attributes', 'a3'), await us.value('attributes', 'a3')]).toEqual([{ price: 90 }, { price: 90 }]);
    await equal();
  });

  it('hold a change from too far ahead of the clock, and apply it when its time has come', async () => {
    await us.write('attributes', 'a4', put({ price: 1 }));
    const events = (await logOf(us.region)).slice(-1);
    const far = JSON.parse(
      JSON.stringify(events).replaceAll(
        /"(\d{13})(\.[0-9a-f]{4}\.)/g,
        (_, ms: string, rest: string) => `"${Number(ms) + 3_600_000}${rest}`,
      ),
    ) as typeof events;
    await ingest(eu.region.dataSource, toolsOf(eu.region), us.region.name, readEvents(us.region.name, far));
    expect(await eu.value('attributes', 'a4')).toBeNull();
    const release = async (): Promise<number> =>
      (await releaseHeld(eu.region.dataSource, async (tx, event) => takeInHeld(tx, event, toolsOf(eu.region)))).taken;
    expect(await release()).toBe(0);
    await eu.region.dataSource.query('UPDATE held_change SET due_at = now()');
    expect(await release()).toBe(1);
    expect(await eu.value('attributes', 'a4')).toEqual({ price: 1 });
  });

  it('are filled in a region that is new from a log that was pruned', async () => {
    for (let i = 0; i < 40; i++) await eu.write('attributes', 'hot', { op: 'put', value: { [`f${i % 7}`]: i } });
    const { pruneOutbox } = await import('../outbox/prune-outbox.js');
    const before = (await logOf(eu.region)).length;
    await eu.region.dataSource.query('UPDATE outbox_published SET through = (SELECT sequence FROM origin)');
    expect(await pruneOutbox(eu.region.dataSource, [], -1)).toBeGreaterThan(0);
    const kept = await logOf(eu.region);
    expect(kept.length).toBeLessThan(before);
    const third = await freshThird(eu.region);
    await ingest(third.dataSource, toolsOf(third), eu.region.name, readEvents(eu.region.name, kept), {
      epoch: 1,
      from: 1,
      through: kept.at(-1)!.originsequence,
    });
    expect(await new CollectionRegion(third).value('attributes', 'hot')).toEqual(await eu.value('attributes', 'hot'));
    await third.close();
  });

  const freshThird = async (origin: TestRegion): Promise<TestRegion> => {
    const { openTestRegion } = await import('../outbox/testing/test-region.js');
    const third = await openTestRegion({ peers: [origin.name] });
    await adoptEpoch(third.dataSource, origin.name, 1);
    return third;
  };
});

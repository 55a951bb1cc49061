import { waitFor } from '@lapidary/kernel/wait-for';
import { adoptEpoch } from '../replication/peer-position.js';
import { readChanges, watchHorizon } from '../collections/read-changes.js';
import { CollectionRegion, definitionOf } from '../collections/testing/collection-region.js';
import type { TestRegion } from '../outbox/testing/test-region.js';
import { handOver, openTwoRegions } from '../replication/testing/two-regions.js';
import { comparePeer, type Compared } from './compare-peer.js';
import { foldDigests } from './digest-rows.js';
import { differingRows } from './differing-rows.js';
import { PeerDigests } from './peer-digests.js';
import { serveDigests } from './testing/serve-digests.js';

/** In one collection; enough that a sketch of 352 symbols does not hold all of them. */
const documents = 900;

describe('comparing two regions', () => {
  let eu: CollectionRegion;
  let us: CollectionRegion;
  let stopServing: () => void;
  let close: () => Promise<void>;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    const two = await openTwoRegions();
    [eu, us] = [new CollectionRegion(two.eu), new CollectionRegion(two.us)];
    stopServing = serveDigests(us.region, eu.region.name);
    close = two.close;
    await eu.define('shop', definitionOf({ kind: 'lww' }));
    for (const r of [two.eu, two.us])
      await r.dataSource.query(
        `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
         SELECT 'shop', 'lww', '', 'd' || n, '{"kind":"lww","fields":{},"alive":{"siblings":[],"seen":{}}}', true, md5(n::text), 1, 0, ''
           FROM generate_series(1, $1::int) AS n`,
        [documents],
      );
    await heal();
  });
  afterAll(async () => {
    stopServing();
    await close();
  });

  const heal = async (): Promise<void> => {
    await handOver(eu.region, us.region);
    await handOver(us.region, eu.region);
  };
  const peerOf = ({ region }: CollectionRegion): PeerDigests => new PeerDigests(region.name, us.region.name, region.nats);
  const compare = async (nonce: string | null = null): Promise<Compared> => comparePeer(eu.region.dataSource, peerOf(eu), nonce, signal);
  const driftOf = ({ domains }: Compared): string[] => domains.flatMap((d) => d.drifted.map((r) => r.id)).sort();
  const spoil = async (r: TestRegion, ids: readonly string[], how = `digest = 'spoiled'`): Promise<void> => {
    await r.dataSource.query(`UPDATE document SET ${how} WHERE id = ANY ($1)`, [ids]);
  };
  const mend = async (): Promise<void> => {
    for (const r of [eu.region, us.region])
      await r.dataSource.query(
        `UPDATE document SET digest = md5(substr(id, 2)) WHERE id ~ '^d[0-9]+$' AND digest IS DISTINCT FROM md5(substr(id, 2))`,
      );
  };

  it('finds nothing where nothing differs, and what was planted for it', async () => {
    const compared = await compare('n1');
    expect(driftOf(compared)).toEqual([]);
    expect(compared.planted).toBe('found');
    expect(compared.domains.map((d) => d.domain.collection)).toEqual(['shop']);
  });

  it.each([1, 40, 300, 800])(
    'finds exactly the %d rows that were changed by hand, here or there, by sketch or by buckets',
    async (count) => {
      const ids = Array.from({ length: count }, (_, i) => `d${i + 1}`);
      const [mine, theirs] = [ids.filter((_, i) => i % 2 === 0), ids.filter((_, i) => i % 2 === 1)];
      await spoil(eu.region, mine);
      await spoil(us.region, theirs);
      await foldDigests(us.region.dataSource);
      expect(driftOf(await compare())).toEqual([...ids].sort());
      await mend();
      expect(driftOf(await compare())).toEqual([]);
    },
  );

  it('finds all of 5,000 changed rows by buckets, where no sketch of the kept length can say which; of more it says that there are more', async () => {
    const many = 7_000;
    const fill = `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
      SELECT 'many', 'lww', '', 'm' || n, '{"kind":"lww","fields":{},"alive":{"siblings":[],"seen":{}}}', true, md5(n::text), 1, 0, ''
        FROM generate_series(1, $1::int) AS n`;
    for (const r of [eu.region, us.region]) {
      await r.dataSource.query(fill, [many]);
      await foldDigests(r.dataSource);
    }
    const spoilUpTo = async (n: number): Promise<void> =>
      void (await us.region.dataSource.query(
        `UPDATE document SET digest = 'spoiled' WHERE collection = 'many' AND substr(id, 2)::int <= $1`,
        [n],
      ));
    const found = async () => (await compare()).domains.find((d) => d.domain.collection === 'many')!;
    await spoilUpTo(5_000);
    const all = await found();
    expect(new Set(all.drifted.map((r) => r.id)).size).toBe(5_000);
    expect(all.drifted.every(({ id }) => Number(id.slice(1)) <= 5_000)).toBe(true);
    expect([all.unjudged, all.more]).toEqual([[], false]);
    await spoilUpTo(6_000);
    const some = await found();
    expect([some.drifted.length, some.more]).toEqual([5_000, true]);
    for (const r of [eu.region, us.region]) await r.dataSource.query(`DELETE FROM document WHERE collection = 'many'`);
  });

  it('finds rows that one side has lost', async () => {
    await us.region.dataSource.query(`DELETE FROM document WHERE id = 'd7'`);
    const [domain] = (await compare()).domains;
    expect(domain!.drifted).toEqual([expect.objectContaining({ id: 'd7', theirs: null })]);
    await us.region.dataSource.query(
      `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest) VALUES ('shop', 'lww', '', 'd7', '{}', true, md5('7'), 1, 0, '')`,
    );
    expect(driftOf(await compare())).toEqual([]);
  });

  it('takes nothing for drift that is on its way (D1)', async () => {
    await us.write('shop', 'fresh', { op: 'put', value: { price: 1 } });
    const waiting = compare();
    // What the comparison waits for: both come to know what the other knew.
    await heal();
    expect(driftOf(await waiting)).toEqual([]);
  });

  it('says that it could not judge where the other side does not catch up', async () => {
    await us.write('shop', 'late', { op: 'put', value: { price: 1 } });
    const compared = await compare();
    expect(driftOf(compared)).toEqual([]);
    expect(compared.domains[0]!.unjudged).toHaveLength(1);
    await heal();
  });

  it('gives no false alarm while both sides write, and finds what is spoiled all the same', async () => {
    let writing = true;
    let rounds = 0;
    const writers = [eu, us].map(async (region) => {
      for (let i = 0; writing; i++) await region.write('shop', `live${i % 40}`, { op: 'put', value: { price: i } });
    });
    const carrier = (async () => {
      await adoptEpoch(eu.region.dataSource, us.region.name, 1);
      while (writing) await heal();
    })();
    const found: string[][] = [];
    for (; rounds < 4; rounds++) found.push(driftOf(await compare(`live${rounds}`)));
    await spoil(us.region, ['d3', 'd5']);
    // A look that was too short for both sides to catch up judges nothing; the next one does.
    let spoiled: string[] = [];
    for (; spoiled.length === 0 && rounds < 10; rounds++) spoiled = driftOf(await compare());
    writing = false;
    await Promise.all([...writers, carrier]);
    await mend();
    await heal();
    expect(found).toEqual([[], [], [], []]);
    expect(spoiled).toEqual(['d3', 'd5']);
    expect(driftOf(await compare())).toEqual([]);
  });

  it('keeps no transaction open while a peer is slow: whoever watches sees what is written meanwhile, and what was planted is found', async () => {
    stopServing();
    const [asked, answering] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    stopServing = serveDigests(us.region, eu.region.name, async () => {
      asked.resolve();
      await answering.promise;
    });
    const of = { collection: 'shop', kind: 'lww' as const, tenant: '', id: null, prefix: '' };
    const after = { xid: await watchHorizon(eu.region.dataSource), position: 0n };
    const comparing = compare('slow');
    await asked.promise;
    await eu.write('shop', 'watched', { op: 'put', value: { price: 1 } });
    const seen = async (): Promise<true | undefined> =>
      (await readChanges(eu.region.dataSource, of, after)).documents.some((d) => d.row.id === 'watched') || undefined;
    // Less than a question to a peer may take.
    await waitFor('the write to be seen', seen, { timeoutMs: 8_000 }).finally(() => answering.resolve());
    expect((await comparing).planted).toBe('found');
    await heal();
  });

  it('finds what was planted among more than a sketch can say', async () => {
    const some = Array.from({ length: 700 }, (_, i) => `d${i + 1}`);
    await spoil(us.region, some);
    const compared = await compare('crowded');
    expect([compared.planted, driftOf(compared)]).toEqual(['found', [...some].sort()]);
    await mend();
  });

  it('leaves out what is held because its time is too far ahead', async () => {
    await spoil(us.region, ['d9']);
    await us.region.dataSource.query(
      `INSERT INTO held_change (event_id, origin, event, due_at) VALUES ('h', 'x', '{"data":{"collection":"shop","kind":"lww","tenant":"","id":"d9"}}', now() + interval '1 hour')`,
    );
    expect(driftOf(await compare())).toEqual([]);
    await us.region.dataSource.query(`DELETE FROM held_change`);
    expect(driftOf(await compare())).toEqual(['d9']);
    await mend();
  });

  it('is told nothing of documents that it may not have (I3)', async () => {
    const { dataSource, name } = us.region;
    await dataSource.query(
      `INSERT INTO tenant (id, home_region, status, weight, tier, residency, hlc, claim_hlc, created_at, updated_at) VALUES ('secret', $1, 'pending', 1, 'pooled', $2, '', '', now(), now())`,
      [name, [name]],
    );
    await dataSource.query(
      `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest) VALUES ('shop', 'lww', 'secret', 's', '{}', true, 'x', 1, 0, '')`,
    );
    expect(driftOf(await compare())).toEqual([]);
    const domain = { collection: 'shop', kind: 'lww' as const, audience: name };
    const ask = peerOf(eu);
    const questions = [async () => ask.symbols(domain, 0, 10), async () => ask.buckets(domain), async () => ask.elements(domain, [1])];
    for (const question of questions) await expect(question()).rejects.toMatchObject({ code: 'residency_conflict' });
    await expect(ask.states(domain, [{ tenant: 'secret', id: 's' }])).rejects.toMatchObject({ code: 'residency_conflict' });
    // Nor by asking for it as if it were everybody's.
    expect((await ask.states({ ...domain, audience: '' }, [{ tenant: 'secret', id: 's' }])).rows).toMatchObject([
      { digest: null, held: true, state: null },
    ]);
  });

  it('ends with rubbish from a peer, and with a peer that does not answer', async () => {
    const domain = { collection: 'shop', kind: 'lww' as const, audience: '' };
    const rubbish = Object.assign(Object.create(peerOf(eu)) as PeerDigests, {
      symbols: async (_: unknown, from: number, to: number) => {
        const { Sketch } = await import('@lapidary/replication/digest/sketch');
        return Sketch.fromBytes(new Uint8Array((to - from) * 11).fill(0xa5))!;
      },
    });
    const found = await differingRows(eu.region.dataSource, rubbish, domain);
    expect(found.keys).toEqual([]);
    stopServing();
    await expect(compare('n2')).rejects.toMatchObject({ code: 'not_ready' });
    stopServing = serveDigests(us.region, eu.region.name);
  });
});

import { DirectoryDigestSchema, DirectoryEntrySchema, type DirectoryEntry } from '@lapidary/contracts/directory';
import { addToRoot, entryHash, formatRoot } from '@lapidary/contracts/directory-digest';
import { directoryEntry, directoryStream } from '@lapidary/contracts/subjects';
import { Listener } from '@lapidary/db/listener';
import { inTransaction } from '@lapidary/db/transaction';
import { waitFor } from '@lapidary/kernel/wait-for';
import { OrderedReader } from '@lapidary/messaging/ordered-reader';
import { deleteStream, publishToStream } from '@lapidary/messaging/streams';
import { createMetrics } from '@lapidary/telemetry/metrics';
import { overriding } from '@lapidary/testing/overriding';
import { openTestRegion, type TestRegion } from '../outbox/testing/test-region.js';
import { readDigest } from './directory-sum.js';
import { directoryMetrics } from './metrics.js';
import { numberDirectory } from './number-directory.js';
import { DirectoryPublisher } from './publisher.js';
import { directoryChannel, recordStampRoute, recordTenantRoute } from './record-route.js';
import { snapshotPage } from './snapshot.js';
import { readStreamBack, rebuildStream, streamOwner } from './verify-stream.js';
import { tellRoute } from './testing/tell-route.js';

let region: TestRegion;
const oneTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const metrics = createMetrics(directoryMetrics, { processMetrics: false });

const publisherOf = (r: TestRegion): DirectoryPublisher =>
  new DirectoryPublisher({ ...r, region: r.name, metrics, onNumbered: () => undefined });

const route = async (tenant: string, epoch: number): Promise<void> => await tellRoute(region, tenant, epoch);

/** Keeps the newest entry per key, as a router does. */
class TestRouter {
  readonly entries = new Map<string, DirectoryEntry>();
  reader: OrderedReader | undefined;

  async follow(): Promise<void> {
    this.reader = await OrderedReader.open(region.nats, {
      stream: directoryStream(region.name),
      fromSequence: 1,
      onMessage: ({ data }) => {
        const entry = DirectoryEntrySchema.parse(JSON.parse(Buffer.from(data).toString()));
        const known = this.entries.get(entry.key);
        if (!known || known.cursor < entry.cursor) this.entries.set(entry.key, entry);
      },
    });
  }

  root(): string {
    return formatRoot([...this.entries.values()].reduce((sum, e) => addToRoot(sum, entryHash(e.key, e.cursor)), 0n));
  }
}

const readBack = async () => await readStreamBack(region.dataSource, region.nats, region.name);

const drained = async (publisher: DirectoryPublisher): Promise<void> => {
  while (await publisher.pass());
};

beforeEach(async () => {
  region = await openTestRegion();
});
afterEach(async () => {
  await deleteStream(region.nats, directoryStream(region.name)).catch(() => undefined);
  await region.close();
});

describe('the directory', () => {
  it('reaches a router whole and in the order of commits, under concurrent changes of few keys', async () => {
    const publisher = publisherOf(region);
    await publisher.pass();
    const router = new TestRouter();
    await router.follow();
    const stop = new AbortController();
    const leading = publisher.lead(stop.signal);
    await region.dataSource.query('CREATE TABLE epochs (tenant text PRIMARY KEY, epoch int NOT NULL)');
    await Promise.all(
      oneTo(400).map(async (i) => {
        const tenant = `t${i % 7}`;
        await inTransaction(region.dataSource, async (tx) => {
          const [row]: { epoch: number }[] = await tx.query(
            'INSERT INTO epochs AS e VALUES ($1, 1) ON CONFLICT (tenant) DO UPDATE SET epoch = e.epoch + 1 RETURNING epoch',
            [tenant],
          );
          await recordTenantRoute(
            tx,
            { kind: 'tenant', tenant, region: region.name, status: 'placed', stamp: null, epoch: row!.epoch, hosts: [] },
            null,
          );
        });
        publisher.wake();
      }),
    );
    const digest = await waitFor(
      'the digest to be the router’s',
      async () => {
        const d = await readDigest(region.dataSource);
        return d.count === 7 && d.root === router.root() && (await numberDirectory(region.dataSource)).length === 0 ? d : undefined;
      },
      { timeoutMs: 60_000 },
    );
    stop.abort();
    await leading;
    const rows: { tenant: string; epoch: number }[] = await region.dataSource.query('SELECT tenant, epoch FROM epochs');
    for (const { tenant, epoch } of rows) expect(router.entries.get(`tenant/${tenant}`)?.body).toMatchObject({ epoch });
    expect(DirectoryDigestSchema.parse(digest)).toMatchObject({ region: region.name, count: 7 });
    await router.reader?.stop();
  });

  it('gives an entry a higher cursor with every change, and none to an equal body', async () => {
    await route('acme', 1);
    const [first] = await numberDirectory(region.dataSource);
    await route('acme', 1);
    expect(await numberDirectory(region.dataSource)).toEqual([]);
    await route('acme', 2);
    const [second] = await numberDirectory(region.dataSource);
    expect(second!.cursor).toBeGreaterThan(first!.cursor);
  });

  it('does not wait for a change that is under way', async () => {
    await route('slow', 1);
    await route('quick', 1);
    await inTransaction(region.dataSource, async (tx) => {
      await recordTenantRoute(
        tx,
        { kind: 'tenant', tenant: 'slow', region: region.name, status: 'placed', stamp: null, epoch: 2, hosts: [] },
        null,
      );
      expect((await numberDirectory(region.dataSource)).map((e) => e.key)).toEqual(['tenant/quick']);
    });
    expect((await numberDirectory(region.dataSource)).map((e) => e.body)).toMatchObject([{ epoch: 2 }]);
  });

  it('hears of an entry that it passed over, even when who held it changed nothing', async () => {
    let woken = 0;
    const listener = new Listener({
      url: region.url,
      applicationName: 'test',
      channels: [directoryChannel],
      onNotify: () => woken++,
      onConnect: () => (woken = 1),
      onError: () => undefined,
    });
    listener.start();
    await waitFor('the listener', () => (woken > 0 ? true : undefined), { timeoutMs: 60_000, intervalMs: 10 });
    await route('acme', 1);
    await waitFor('the first change', () => (woken > 1 ? true : undefined), { timeoutMs: 60_000, intervalMs: 10 });
    woken = 0;
    await inTransaction(region.dataSource, async (tx) => {
      await recordTenantRoute(
        tx,
        { kind: 'tenant', tenant: 'acme', region: region.name, status: 'placed', stamp: null, epoch: 1, hosts: [] },
        null,
      );
      expect(await numberDirectory(region.dataSource)).toEqual([]);
    });
    await waitFor('a wake', () => (woken > 0 ? true : undefined), { timeoutMs: 60_000, intervalMs: 10 });
    expect((await numberDirectory(region.dataSource)).map((e) => e.key)).toEqual(['tenant/acme']);
    await listener.stop();
  });

  it('publishes everything anew into a stream that was deleted, and what a stream lost or never had', async () => {
    for (const i of oneTo(20)) await route(`t${i}`, 1);
    const publisher = publisherOf(region);
    await drained(publisher);
    expect(await readBack()).toBe('same');
    await deleteStream(region.nats, directoryStream(region.name));
    expect([await streamOwner(region.dataSource, region.nats, region.name), await readBack()]).toEqual(['other', 'foreign']);
    await rebuildStream(region.dataSource, region.nats, region.name);
    await drained(publisher);
    expect(await readBack()).toBe('same');
    // An older state over a newer one: a publisher that came to itself too late.
    await route('t3', 2);
    await drained(publisher);
    await publishToStream(
      region.nats,
      directoryEntry(region.name, 'tenant/t3'),
      JSON.stringify({
        key: 'tenant/t3',
        cursor: 1,
        committedAtMs: 0,
        body: { kind: 'tenant', tenant: 't3', region: 'eu', status: 'placed', stamp: null, epoch: 1, hosts: [] },
      }),
    );
    expect(await readBack()).toBe('repaired');
    await drained(publisher);
    const router = new TestRouter();
    await router.follow();
    await waitFor('the whole directory', async () => ((await readDigest(region.dataSource)).root === router.root() ? true : undefined), {
      timeoutMs: 60_000,
    });
    expect(router.entries.get('tenant/t3')?.body).toMatchObject({ epoch: 2 });
    await router.reader?.stop();
  });

  it('goes on publishing while its stream is read back, which takes long where there is much', async () => {
    const publisher = new DirectoryPublisher({ ...region, region: region.name, metrics, onNumbered: () => undefined, lookMs: 0 });
    await drained(publisher);
    await route('acme', 1);
    await numberDirectory(region.dataSource);
    await inTransaction(region.dataSource, async (tx) => {
      // A look at the stream begins with this table; an entry that has its cursor needs nothing of it.
      await tx.query('LOCK TABLE origin IN ACCESS EXCLUSIVE MODE');
      expect(await publisher.pass()).toBe(true);
    });
    const router = new TestRouter();
    await router.follow();
    await waitFor('the change', () => (router.entries.has('tenant/acme') ? true : undefined), { timeoutMs: 60_000 });
    await router.reader?.stop();
    await publisher.lead(AbortSignal.abort());
  });

  it('publishes a change at once under a new leader, though nobody has read the stream yet (D2)', async () => {
    for (const i of oneTo(5)) await route(`t${i}`, 1);
    await drained(publisherOf(region));
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    // A look compares the stream with what was published: it waits here, as it does for long where there is much.
    const query = async (sql: string, values?: unknown[]): Promise<unknown> => {
      if (sql.startsWith('SELECT key, published_cursor')) await gate;
      return await region.dataSource.query(sql, values);
    };
    const publisher = publisherOf({ ...region, dataSource: overriding(region.dataSource, { query: query as never }) });
    await route('acme', 1);
    await drained(publisher);
    const router = new TestRouter();
    await router.follow();
    await waitFor('the change', () => (router.entries.has('tenant/acme') ? true : undefined), { timeoutMs: 60_000 });
    open();
    await publisher.lead(AbortSignal.abort());
    await router.reader?.stop();
  });

  it('makes a stream anew before anything goes into it, where it is gone or of another database (D1)', async () => {
    await route('acme', 1);
    await drained(publisherOf(region));
    await deleteStream(region.nats, directoryStream(region.name));
    await route('bolt', 1);
    await drained(publisherOf(region));
    expect(await readBack()).toBe('same');
    await region.dataSource.query(`UPDATE origin SET generation = 'restored'`);
    expect([await streamOwner(region.dataSource, region.nats, region.name), await readBack()]).toEqual(['other', 'foreign']);
    await drained(publisherOf(region));
    expect([await streamOwner(region.dataSource, region.nats, region.name), await readBack()]).toEqual(['own', 'same']);
    const router = new TestRouter();
    await router.follow();
    await waitFor('both', () => (router.entries.size === 2 ? true : undefined), { timeoutMs: 60_000 });
    await router.reader?.stop();
  });

  it('makes a stream anew that a look finds to hold what this database never gave (D4)', async () => {
    await route('acme', 1);
    const publisher = publisherOf(region);
    await drained(publisher);
    const strange = { key: 'tenant/ghost', cursor: 1, committedAtMs: 0 };
    const body = { kind: 'tenant', tenant: 'ghost', region: region.name, status: 'placed', stamp: null, epoch: 9, hosts: [] };
    await publishToStream(region.nats, directoryEntry(region.name, strange.key), JSON.stringify({ ...strange, body }));
    expect(await readBack()).toBe('foreign');
    const leader = publisherOf(region);
    await waitFor(
      'the stream to be made anew',
      async () => {
        await drained(leader);
        return (await readBack()) === 'same' ? true : undefined;
      },
      { timeoutMs: 60_000 },
    );
    const router = new TestRouter();
    await router.follow();
    await waitFor('the directory', () => (router.entries.has('tenant/acme') ? true : undefined), { timeoutMs: 60_000 });
    expect([...router.entries.keys()]).toEqual(['tenant/acme']);
    await router.reader?.stop();
  });

  it('asks for no entry of its stream again that it was told of when a look began, and takes a cursor that was never given for foreign', async () => {
    for (const i of oneTo(20)) await route(`t${i}`, 1);
    await drained(publisherOf(region));
    const asked: unknown[] = [];
    const query = async (sql: string, values: unknown[] = []): Promise<unknown> => {
      asked.push(...values.filter((v) => Array.isArray(v)).flat());
      return await region.dataSource.query(sql, values);
    };
    const watched = overriding(region.dataSource, { query: query as never });
    expect([await readStreamBack(watched, region.nats, region.name), asked]).toEqual(['same', []]);
    const body = { kind: 'tenant', tenant: 't3', region: region.name, status: 'placed', stamp: null, epoch: 9, hosts: [] };
    const ahead = { key: 'tenant/t3', cursor: 1_000, committedAtMs: 0, body };
    await publishToStream(region.nats, directoryEntry(region.name, ahead.key), JSON.stringify(ahead));
    expect([await readStreamBack(watched, region.nats, region.name), asked]).toEqual(['foreign', ['tenant/t3', 1_000]]);
  });

  it('looks again where the stream could not be read, and goes on publishing', async () => {
    let refusals = 2;
    const query = async (sql: string, values?: unknown[]): Promise<unknown> => {
      if (sql.startsWith('SELECT key, published_cursor') && refusals-- > 0) throw new Error('refused');
      return await region.dataSource.query(sql, values);
    };
    const publisher = new DirectoryPublisher({
      ...{ ...region, dataSource: overriding(region.dataSource, { query: query as never }) },
      ...{ region: region.name, metrics, onNumbered: () => undefined, lookMs: 10 },
    });
    const stop = new AbortController();
    const leading = publisher.lead(stop.signal);
    await waitFor('the third look', () => (refusals < 0 ? true : undefined), { timeoutMs: 60_000 });
    await route('acme', 1);
    publisher.wake();
    await waitFor('the change', async () => ((await readDigest(region.dataSource)).count === 1 ? true : undefined), { timeoutMs: 60_000 });
    stop.abort();
    await leading;
  });

  it('is served in pages that add up, under the digest that routers compute', async () => {
    for (const i of oneTo(25)) await route(`t${i}`, 1);
    await inTransaction(region.dataSource, async (tx) =>
      recordStampRoute(tx, { kind: 'stamp', stamp: `${region.name}-1`, region: region.name, status: 'active', epoch: 1, frontDoors: [] }),
    );
    await drained(publisherOf(region));
    const router = new TestRouter();
    for (let after: string | null = null; ;) {
      const page = await snapshotPage(region.dataSource, after, 10);
      for (const entry of page.entries) router.entries.set(entry.key, entry);
      after = page.next;
      if (after === null) {
        expect(page.digest).toMatchObject({ count: 26, root: router.root() });
        break;
      }
    }
    expect(router.entries.size).toBe(26);
  });

  it('is summed up once for all pages of a whole load, and each page says which database it is of', async () => {
    for (const i of oneTo(5)) await route(`t${i}`, 1);
    await drained(publisherOf(region));
    const first = await snapshotPage(region.dataSource, null, 2);
    await route('t9', 1);
    await drained(publisherOf(region));
    const second = await snapshotPage(region.dataSource, first.next, 2);
    expect(second.digest).toEqual(first.digest);
    await region.dataSource.query(`UPDATE origin SET generation = 'restored'`);
    expect((await snapshotPage(region.dataSource, second.next, 2)).digest.generation).toBe('restored');
    expect((await snapshotPage(region.dataSource, null, 2)).digest.count).toBe(6);
  });
});

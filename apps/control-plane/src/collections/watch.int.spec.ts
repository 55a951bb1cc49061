import { connect } from 'node:net';
import { inTransaction } from '@lapidary/db/transaction';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { purgeDocument } from '@lapidary/replication/collections/purge-document';
import { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import type { Watched } from '@lapidary/stamp-sdk/collections/watch-documents';
import { waitFor } from '@lapidary/kernel/wait-for';
import { DataSource } from 'typeorm';
import { systemContext } from '../http/command-context.js';
import { PostgresCollections } from './postgres-collections.js';
import { addStamp, addToken, adminToken, openDatabase, openWorld, tenantInput, type World, type WorldDatabase } from '../../test/world.js';

const waitMs = 60_000;

describe('watching documents', () => {
  let database: WorldDatabase;
  let world: World;
  let url: string;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 100);
    for (const id of ['acme', 'other']) await world.ask('POST', '/v1/tenants', { body: tenantInput(id) });
    await world.ask('PUT', '/v1/collections/settings', { body: { policy: { kind: 'lww' } } });
    await world.app.listen(0, '127.0.0.1');
    url = await world.app.getUrl();
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const clientOf = (tenant = 'acme', token = adminToken): CollectionsClient => new CollectionsClient({ url, token: () => token, tenant });
  const write = async (id: string, n: number, tenant = 'acme'): Promise<void> =>
    void (await world.ask('PUT', `/v1/collections/settings/${id}?tenant=${tenant}`, { body: { value: { n } } }));
  const numberOf = (w: Watched): number | undefined => (w.kind === 'document' ? (w.document.value as { n?: number } | null)?.n : undefined);

  /** Reads until `enough`, then leaves, as a client does whose connection breaks. */
  const until = async (watch: AsyncGenerator<Watched>, enough: (seen: readonly Watched[]) => boolean): Promise<Watched[]> => {
    const seen: Watched[] = [];
    for await (const one of watch) {
      seen.push(one);
      if (enough(seen)) break;
    }
    return seen;
  };

  /** The next event that is not `told` once more: what committed under an older transaction of anybody's comes after the snapshot again. */
  const nextAfter = async (watch: AsyncGenerator<Watched>, told: number): Promise<Watched> => {
    let one: Watched;
    do one = (await watch.next()).value as Watched;
    while (numberOf(one) === told);
    return one;
  };

  it('tells what is there, then what changes, and deletes; of one tenant, and of the documents asked for', async () => {
    await write('a-1', 1);
    await write('b-1', 1);
    await write('a-9', 1, 'other');
    const client = clientOf();
    const watch = client.watch('settings', { snapshot: true, prefix: 'a-' });
    const first = [(await watch.next()).value as Watched, (await watch.next()).value as Watched];
    expect(first.map((w) => (w.kind === 'document' ? w.document.id : w.kind))).toEqual(['a-1', 'synced']);
    await write('b-1', 2);
    await write('a-9', 2, 'other');
    await write('a-1', 3);
    expect(numberOf(await nextAfter(watch, 1))).toBe(3);
    await client.remove('settings', 'a-1');
    const gone = await nextAfter(watch, 3);
    expect(gone).toMatchObject({ kind: 'document', deleted: true, document: { id: 'a-1', value: null } });
    await watch.return(undefined);
    const one = client.watch('settings', { id: 'b-1', snapshot: true });
    expect(numberOf((await one.next()).value as Watched)).toBe(2);
    await one.return(undefined);
  });

  it('tells that a document is gone whose tombstone was purged while nobody watched', async () => {
    await write('p-1', 1);
    const first = await until(clientOf().watch('settings', { prefix: 'p-', snapshot: true }), (seen) => seen.at(-1)?.kind === 'synced');
    const { cursor } = first.at(-1) as Extract<Watched, { kind: 'synced' }>;
    await clientOf().remove('settings', 'p-1');
    await inTransaction(world.app.get(DataSource), async (tx) => {
      const context = systemContext('eu', 'test', 'test');
      const store = new PostgresCollections(tx, world.app.get(HybridLogicalClock), context);
      const key = { collection: 'settings', kind: 'lww' as const, tenant: 'acme', id: 'p-1' };
      await purgeDocument(store, { region: 'eu', tick: (after) => after }, key, [], { origin: 'eu', actor: 'test', requestId: 'test' });
    });
    const seen = await until(clientOf().watch('settings', { prefix: 'p-', cursor }), (all) =>
      all.some((w) => (w.kind === 'document' && w.deleted) || (w.kind === 'synced' && w.cursor !== cursor && all.length > 1)),
    );
    expect(seen.find((w) => w.kind === 'document')).toMatchObject({ deleted: true, document: { id: 'p-1', value: null } });
  });

  it('goes on after a cut without losing a last state, however often it is cut while many write at once', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `r-${i}`);
    const rounds = 15;
    const latest = new Map<string, number>();
    let cursor: string | undefined;
    const note = (seen: readonly Watched[]): void => {
      for (const one of seen) {
        if (one.kind === 'document') latest.set(one.document.id, numberOf(one)!);
        if (one.kind !== 'reset') cursor = one.cursor ?? cursor;
      }
    };
    note(await until(clientOf().watch('settings', { prefix: 'r-' }), (seen) => seen.at(-1)?.kind === 'synced'));
    const writing = Promise.all(
      ids.map(async (id) => {
        for (let n = 1; n <= rounds; n++) await write(id, n);
      }),
    );
    let cuts = 0;
    while (ids.some((id) => latest.get(id) !== rounds)) {
      note(
        await until(
          clientOf().watch('settings', { prefix: 'r-', cursor: cursor! }),
          (seen) =>
            seen.length >= 7 ||
            ids.every(
              (id) =>
                latest.get(id) === rounds || seen.some((w) => w.kind === 'document' && w.document.id === id && numberOf(w) === rounds),
            ),
        ),
      );
      cuts++;
    }
    await writing;
    expect(cuts).toBeGreaterThan(3);
    expect([...latest.values()]).toEqual(ids.map(() => rounds));
  });

  it('waits for a change that was begun earlier and commits later, instead of passing it by', async () => {
    const watch = clientOf().watch('settings', { prefix: 'x-' });
    expect((await watch.next()).value).toMatchObject({ kind: 'synced' });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const slow = world.inTx(async (tx) => {
      await tx.query(
        `INSERT INTO change (collection, kind, tenant, document, event, origin, hlc, actor, request_id) VALUES ('settings', 'lww', 'acme', 'x-slow', 'e', 'eu', '', '', '')`,
      );
      await tx.query(
        `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
         SELECT collection, kind, tenant, 'x-slow', document_state(document), exists, digest, bytes, conflicts, latest FROM document WHERE id = 'b-1'`,
      );
      begun();
      await held;
    });
    await hasBegun;
    await write('x-fast', 1);
    const both = (async () => [(await watch.next()).value as Watched, (await watch.next()).value as Watched])();
    release();
    await slow;
    const ids = (await both).map((w) => (w.kind === 'document' ? w.document.id : w.kind));
    expect(ids.sort()).toEqual(['x-fast', 'x-slow']);
    await watch.return(undefined);
  });

  it('keeps nothing for who reads slowly, and tells them the last state all the same', async () => {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `GET /v1/collections/settings/documents/watch?tenant=acme&prefix=s- HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${adminToken}\r\n\r\n`,
    );
    await new Promise<void>((resolve) => socket.once('data', () => resolve()));
    socket.pause();
    const filler = 'x'.repeat(30_000);
    const changes = 400;
    for (let n = 1; n <= changes; n++)
      await world.query(
        `WITH d AS (
           INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
             VALUES ('settings', 'lww', 'acme', 's-' || $1::int % 100, $2::jsonb, true, 'd', 1, 0, '')
           ON CONFLICT (collection, kind, tenant, id) DO UPDATE SET state = excluded.state)
         INSERT INTO change (collection, kind, tenant, document, event, origin, hlc, actor, request_id)
           VALUES ('settings', 'lww', 'acme', 's-' || $1::int % 100, 'e', 'eu', '', '', '')`,
        [
          n,
          JSON.stringify({
            kind: 'lww',
            fields: {
              n: { siblings: [{ at: '0000000000001.0000.eu', value: n }], seen: { eu: '0000000000001.0000.eu' } },
              filler: { siblings: [{ at: '0000000000001.0000.eu', value: filler }], seen: { eu: '0000000000001.0000.eu' } },
            },
            alive: { siblings: [{ at: '0000000000001.0000.eu', value: true }], seen: { eu: '0000000000001.0000.eu' } },
          }),
        ],
      );
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.resume();
    await waitFor('the last state', () => (text.includes(`"n":${changes}}`) || text.includes(`"n":${changes},`) ? true : undefined), {
      timeoutMs: waitMs,
    });
    const told = text.split('event: document').length - 1;
    expect(told).toBeLessThan(changes);
    expect(told).toBeGreaterThanOrEqual(100);
    socket.destroy();
  });

  it('is for who may read the documents, ends with the right to, and begins anew with a cursor of another database', async () => {
    const viewer = await addToken(world, 'onlooker', 'viewer');
    await expect(clientOf('acme', viewer).watch('settings').next()).rejects.toMatchObject({ code: 'forbidden' });
    await expect(clientOf().watch('settings', { cursor: 'rubbish' }).next()).rejects.toMatchObject({ code: 'invalid_input' });
    const others = await until(
      clientOf().watch('settings', { cursor: 'us.1.5.5', prefix: 'b-' }),
      (seen) => seen.at(-1)?.kind === 'synced',
    );
    expect(others.map((w) => w.kind)).toEqual(['reset', 'document', 'synced']);
    const token = await addToken(world, 'shop', 'viewer');
    await world.query(`UPDATE api_token SET stamp = 'eu-1' WHERE name = 'shop'`);
    const watch = clientOf('acme', token).watch('settings', { prefix: 'm-' });
    expect((await watch.next()).value).toMatchObject({ kind: 'synced' });
    await world.query(`UPDATE placement SET is_current = false WHERE tenant = 'acme'`);
    const ended = watch.next();
    await write('m-1', 1);
    await expect(ended).rejects.toMatchObject({ code: 'forbidden' });
    await world.query(`UPDATE placement SET is_current = true WHERE tenant = 'acme'`);
  });
});

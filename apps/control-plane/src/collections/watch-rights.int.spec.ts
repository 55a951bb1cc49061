import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { AppError } from '@lapidary/kernel/app-error';
import { waitFor } from '@lapidary/kernel/wait-for';
import { Wakeup } from '@lapidary/kernel/wakeup';
import { CollectionsClient } from '@lapidary/stamp-sdk/collections/collections-client';
import type { Watched } from '@lapidary/stamp-sdk/collections/watch-documents';
import { addStamp, addToken, adminToken, openDatabase, openWorld, tenantInput, type World, type WorldDatabase } from '../../test/world.js';
import { sealPrincipal } from '../auth/forwarded-principal.js';
import { secretDigest } from '../auth/token-digest.js';
import { definedCollection } from './collection-row.js';
import { watchDocuments } from './watch-documents.js';
import { WatchHub, watchersOfOneMax } from './watch-hub.js';
import { WatchStream } from './watch-stream.js';

const waitMs = 60_000;

describe('the right to watch documents', () => {
  let database: WorldDatabase;
  let world: World;
  let url: string;

  beforeAll(async () => {
    database = await openDatabase();
    world = await openWorld(database);
    await addStamp(world, 'eu-1', 100);
    await world.ask('POST', '/v1/tenants', { body: tenantInput('acme') });
    await world.ask('PUT', '/v1/collections/settings', { body: { policy: { kind: 'lww' } } });
    await world.ask('PUT', '/v1/collections/flags', { body: { policy: { kind: 'lww' }, scope: 'fleet' } });
    await world.app.listen(0, '127.0.0.1');
    url = await world.app.getUrl();
    // A stream that the server has ended leaves its connection open, and the world's end waits for that.
    world.app.getHttpServer().keepAliveTimeout = 500;
  });
  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const watchOf = (token: string, collection = 'settings'): AsyncGenerator<Watched> =>
    new CollectionsClient({ url, token: () => token, ...(collection === 'flags' ? {} : { tenant: 'acme' }) }).watch(collection);
  const write = async (id: string, query = '?tenant=acme', collection = 'settings'): Promise<number> =>
    (await world.ask('PUT', `/v1/collections/${collection}/${id}${query}`, { body: { value: { of: 'CUSTOMERS' } } })).status;
  const synced = async (watch: AsyncGenerator<Watched>): Promise<void> =>
    expect((await watch.next()).value).toMatchObject({ kind: 'synced' });
  /** Until this process has forgotten whom it knew behind the token. */
  const answers = async (token: string, status: number, path = '/v1/collections/settings'): Promise<void> =>
    void (await waitFor(
      `${status} for the token`,
      async () => ((await world.ask('GET', path, { token })).status === status ? true : undefined),
      {
        timeoutMs: waitMs,
      },
    ));

  it.each([
    ['is revoked', `UPDATE api_token SET revoked_at = now() WHERE name = $1`],
    ['has run out', `UPDATE api_token SET expires_at = now() WHERE name = $1`],
    ['is held after a restore', `UPDATE api_token SET held_at = now() WHERE name = $1`],
  ])('ends with a token that %s, before another document is told', async (what, sql) => {
    const name = what.replaceAll(' ', '-');
    const token = await addToken(world, name, 'operator');
    const watch = watchOf(token);
    await synced(watch);
    await world.query(sql, [name]);
    await answers(token, 401);
    const ended = expect(watch.next()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await write(`after-${name}`)).toBe(200);
    await ended;
  });

  it('ends with the role: of the tenant’s documents with that of an operator, of the fleet’s with any', async () => {
    const token = await addToken(world, 'olga', 'operator');
    const [acme, fleet] = [watchOf(token), watchOf(token, 'flags')];
    for (const watch of [acme, fleet]) await synced(watch);
    await world.query(`UPDATE role_binding SET role = 'viewer' WHERE principal = 'token:olga'`);
    await answers(token, 403, '/v1/collections/settings/x?tenant=acme');
    const ended = expect(acme.next()).rejects.toMatchObject({ code: 'forbidden' });
    await write('after-role');
    await ended;
    const told = fleet.next();
    expect(await write('on', '', 'flags')).toBe(200);
    expect((await told).value).toMatchObject({ kind: 'document', document: { id: 'on' } });
    await world.query(`DELETE FROM role_binding WHERE principal = 'token:olga'`);
    await answers(token, 403);
    const over = expect(fleet.next()).rejects.toMatchObject({ code: 'forbidden' });
    await write('off', '', 'flags');
    await over;
  });

  it('ends with the session of a page', async () => {
    const own = { host: new URL(url).host, origin: url };
    const begun = await world.ask('POST', '/v1/session', { body: { token: adminToken }, token: null, headers: own });
    const cookie = String(begun.headers['set-cookie']).split(';')[0]!;
    const response = await fetch(`${url}/v1/collections/settings/documents/watch?tenant=acme`, {
      headers: { cookie, connection: 'close' },
    });
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body!) text += Buffer.from(chunk).toString();
    })();
    await waitFor('the stream', () => (text.includes('event: synced') ? true : undefined), { timeoutMs: waitMs });
    expect((await world.ask('DELETE', '/v1/session', { token: null, headers: { ...own, cookie } })).status).toBe(204);
    await write('after-session');
    await reading;
    expect(text).toContain('"code":"unauthenticated"');
    expect(text).not.toContain('CUSTOMERS');
  });

  it('is looked at before each page of a snapshot', async () => {
    const pages = 3;
    await world.query(
      `INSERT INTO document (collection, kind, tenant, id, state, exists, digest, bytes, conflicts, latest)
       SELECT 'settings', 'lww', 'acme', 'long-' || n, '{"kind":"lww","fields":{},"alive":{"siblings":[],"seen":{}}}', true, 'd', 1, 0, ''
         FROM generate_series(1, ${pages} * 100) n`,
    );
    const { dataSource } = world.resources;
    const out = new PassThrough();
    let looks = 0;
    const { definition } = await definedCollection(dataSource, 'settings');
    await watchDocuments(new WatchStream(out as unknown as ServerResponse), {
      ...{ dataSource, region: 'eu', epoch: 1, cursor: null, snapshot: true, wakeup: new Wakeup(), signal: new AbortController().signal },
      scope: async () => {
        if (++looks === pages) throw new AppError('unauthenticated');
        return { definition, of: { collection: 'settings', kind: 'lww', tenant: 'acme', id: null, prefix: 'long-' } };
      },
    });
    const text = String(out.read());
    expect([text.split('event: document').length - 1, text.split('"code":"unauthenticated"').length - 1]).toEqual([(pages - 1) * 100, 1]);
    await world.query(`DELETE FROM document WHERE id LIKE 'long-%'`);
  });

  it('goes on with the token that the workload has got meanwhile, and loses nothing', async () => {
    const tokens = ['workload-first-0123456789', 'workload-second-0123456789'];
    const issue = async (i: number): Promise<unknown> =>
      await world.query(`INSERT INTO api_token (id, name, sha256, stamp) VALUES ($1, $1, $2, 'eu-1')`, [
        `w-${i}`,
        secretDigest(tokens[i]!),
      ]);
    await issue(0);
    let current = tokens[0]!;
    const watch = new CollectionsClient({ url, token: () => current, tenant: 'acme' }).watch('settings', { prefix: 'w-' });
    await synced(watch);
    await issue(1);
    current = tokens[1]!;
    await world.query(`UPDATE api_token SET expires_at = now() WHERE name = 'w-0'`);
    await answers(tokens[0]!, 401, '/v1/collections/settings/w-1?tenant=acme');
    const seen: string[] = [];
    const reading = (async () => {
      for await (const one of watch) {
        if (one.kind === 'document') seen.push(one.document.id);
        if (seen.includes('w-2')) break;
      }
    })();
    for (const id of ['w-1', 'w-2']) await write(id);
    await reading;
    expect(new Set(seen)).toEqual(new Set(['w-1', 'w-2']));
  });

  it('is not passed on through another region', async () => {
    const headers = sealPrincipal({ actor: 'token:far', via: 'bearer', bindings: [{ role: 'admin', region: '*' }] });
    for (const path of ['settings/documents/watch?tenant=acme', 'flags/documents/watch'])
      expect((await world.ask('GET', `/v1/collections/${path}`, { token: null, headers })).status).toBe(403);
  });

  it('has a share of the places for each caller, whatever the token or session it comes with', async () => {
    const hub = world.app.get(WatchHub);
    let leave = (): void => undefined;
    const until = new Promise<void>((resolve) => (leave = resolve));
    const greedy = await addToken(world, 'greedy', 'operator');
    const places = Array.from({ length: watchersOfOneMax }, async () => hub.watch('settings', 'token:greedy', async () => await until));
    const path = '/v1/collections/settings/documents/watch?tenant=acme';
    expect((await world.ask('GET', path, { token: greedy })).body['code']).toBe('overloaded');
    const other = watchOf(adminToken);
    await synced(other);
    await other.return(undefined);
    leave();
    await Promise.all(places);
    const again = watchOf(greedy);
    await synced(again);
    await again.return(undefined);
  });
});

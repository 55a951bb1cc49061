import { connect } from 'node:net';
import { apiForward, routerExplain } from '@lapidary/contracts/subjects';
import { ExplainRequestSchema } from '@lapidary/contracts/directory';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freshRegion, testNats } from '@lapidary/testing/backends';
import { askGeode as ask, geodeToken as token, openGeode, type Geode } from '../../test/geode.js';
import { everyRegion } from '@lapidary/contracts/api/tokens';
import { type Principal } from '../auth/principal.js';
import { CallersModule } from '../callers/callers.module.js';
import { scopeOf } from '../collections/scope.js';
import { RecoveryModule } from '../recovery/recovery.module.js';
import { ForwardedAnswerSchema, forwardTo } from './api-forward.js';

/** What comes back for bytes of a request: head and body. */
const spoken = async (port: number, request: string): Promise<[head: string, body: string]> => {
  const socket = connect(port, '127.0.0.1', () => socket.write(request));
  const text = (await socket.setEncoding('utf8').toArray()).join('');
  const end = text.indexOf('\r\n\r\n');
  return [text.slice(0, end), text.slice(end)];
};

/** Reads server-sent events until it is stopped. */
const listen = (geode: Geode, query = '', lastEventId?: string) => {
  const stop = new AbortController();
  const events: { id?: string; event: string; data: string }[] = [];
  const done = (async () => {
    const response = await fetch(`${geode.url}/v1/events${query}`, {
      headers: { authorization: `Bearer ${token}`, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
      signal: stop.signal,
    });
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]),
        );
        text = text.slice(end + 2);
        if (fields['event']) events.push(fields as { id?: string; event: string; data: string });
      }
    }
  })().catch(() => undefined);
  return {
    events,
    stop: async () => {
      stop.abort();
      await done;
    },
    done,
  };
};

let eu: Geode;
let us: Geode;
beforeAll(async () => {
  const [a, b] = [freshRegion(), freshRegion()];
  [eu, us] = (await Promise.all(
    [a, b].map(async (region, i, all) =>
      openGeode(region, { region: all[1 - i]!, natsUrl: testNats().url }, [RecoveryModule, CallersModule]),
    ),
  )) as [Geode, Geode];
  await waitFor(
    'the links',
    async () => {
      const { body } = await ask(eu, 'GET', `/v1/regions/${us.region}`);
      return (body['link'] as { state: string }).state === 'connected' ? true : undefined;
    },
    { timeoutMs: 60_000 },
  );
});
afterAll(async () => Promise.all([eu?.close(), us?.close()]));

describe('two geodes', () => {
  it('show each other’s tenants, and pass on what is not theirs to write', async () => {
    const created = await ask(eu, 'POST', '/v1/tenants', { id: 'acme', region: us.region }, { 'idempotency-key': 'k1' });
    expect([created.status, created.body['region']]).toEqual([201, us.region]);
    const again = await ask(eu, 'POST', '/v1/tenants', { id: 'acme', region: us.region }, { 'idempotency-key': 'k1' });
    expect([again.status, again.body]).toEqual([created.status, created.body]);
    expect((await ask(us, 'GET', '/v1/tenants/acme')).status).toBe(200);
    await waitFor('the replica', async () => ((await ask(eu, 'GET', '/v1/tenants/acme')).status === 200 ? true : undefined), {
      timeoutMs: 60_000,
    });
    const explained = await ask(eu, 'GET', '/v1/tenants/acme/explain');
    expect([explained.status, (explained.body['tenant'] as { id: string }).id]).toEqual([200, 'acme']);
    expect((await ask(eu, 'POST', '/v1/tenants', { id: 'acme', region: eu.region })).body['code']).toBe('name_taken');
    const labelled = await ask(eu, 'PATCH', '/v1/tenants/acme', { labels: { a: 'b' } });
    expect([labelled.status, labelled.body['labels']]).toEqual([200, { a: 'b' }]);
    const [audit] = await us.resources.dataSource.query(`SELECT actor FROM audit WHERE action = 'tenant.updated'`);
    expect(audit).toEqual({ actor: expect.stringMatching(/^token:/) });
  });

  it('know whose a request is however its address is spelled, for every method, and refuse one that is too long', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const raw = async (method: 'GET' | 'HEAD' | 'OPTIONS', url: string) => eu.app.inject({ method, url, headers });
    const plain = await raw('GET', `/v1/geode?region=${us.region}`);
    expect((plain.json() as { region: string }).region).toBe(us.region);
    // Not as the library that injects would spell it: as a client may write it into the head of its request.
    const { host, port } = new URL(eu.url) as unknown as { host: string; port: string };
    for (const target of [`/%761/geode?region=${us.region}`, `http://${host}/v1/geode?region=${us.region}`]) {
      const [head, body] = await spoken(
        Number(port),
        `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`,
      );
      expect([target, head]).toEqual([target, expect.stringMatching(/^HTTP\/1.1 200 [^]*cache-control: no-store/)]);
      expect(body).toContain(`"region":"${us.region}"`);
    }
    const head = await raw('HEAD', `/v1/geode?region=${us.region}`);
    expect([head.statusCode, head.payload]).toEqual([200, '']);
    expect((await raw('OPTIONS', `/v1/geode?region=${us.region}`)).statusCode).toBe(404);
    expect((await raw('GET', '//')).statusCode).toBe(404);
    for (const region of [us.region, eu.region]) {
      const long = await raw('GET', `/v1/geode?region=${region}&x=${'x'.repeat(8_192)}`);
      expect([long.statusCode, (long.json() as { code: string }).code]).toEqual([414, 'address_too_long']);
    }
  });

  it('give the other region’s refusals back as they are, and leave callers without credentials to the local guard', async () => {
    const bad = await ask(eu, 'POST', '/v1/tenants', { id: 'acme', region: us.region, weight: 0 });
    expect([bad.status, bad.body['code']]).toEqual([400, 'invalid_input']);
    const cordon = await ask(eu, 'POST', `/v1/stamps/${us.region}-9/cordon`, { reason: 'x' });
    expect([cordon.status, cordon.body['code']]).toEqual([404, 'not_found']);
    const response = await fetch(`${eu.url}/v1/tenants`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'x', region: us.region }),
    });
    expect(response.status).toBe(401);
    const forged = await ask(eu, 'GET', '/v1/tenants', undefined, {
      'x-lapidary-forwarded-principal': 'e30',
      'x-lapidary-forwarded-seal': 'aa',
    });
    expect(forged.status).toBe(401);
  });

  it('believe a region about itself only, and show it no documents on the way (I3)', async () => {
    const principal: Principal = { actor: 'token:admin', bindings: [{ role: 'admin', region: everyRegion }], via: 'peer' };
    const request = { from: us.region, method: 'GET' as const, url: '/v1/regions', headers: {}, body: null, principal };
    const link = us.resources.nats; // the test's one server has no users: it stands for a peer whose permissions failed
    expect((await forwardTo(link, eu.region, request)).status).toBe(200);
    const asked = link.requestJson(apiForward(eu.region, us.region), { ...request, from: 'ap' }, ForwardedAnswerSchema, 2_000);
    await expect(asked).rejects.toMatchObject({ code: 'forbidden' });
    for (const actor of ['system:relay', 'workload:eu-1', `rollout:${eu.region}.01JAAAAAAAAAAAAAAAAAAAAAAA`]) {
      const forged = { ...request, method: 'POST' as const, url: '/v1/tenants', principal: { ...principal, actor } };
      const body = JSON.stringify({ id: 'forged', region: eu.region });
      const answer = link.requestJson(apiForward(eu.region, us.region), { ...forged, body }, ForwardedAnswerSchema, 2_000);
      await expect(answer).rejects.toMatchObject({ code: 'forbidden' });
      expect(await eu.resources.dataSource.query('SELECT 1 FROM audit WHERE actor = $1', [actor])).toEqual([]);
    }
    const lain = { ...request, method: 'POST' as const, url: '/v1/tenants', body: JSON.stringify({ id: 'lain', region: eu.region }) };
    const late = link.requestJson(
      apiForward(eu.region, us.region),
      { ...lain, headers: { 'content-type': 'application/json' }, until: Date.now() - 60_000 },
      ForwardedAnswerSchema,
      2_000,
    );
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    expect(await eu.resources.dataSource.query(`SELECT 1 FROM tenant WHERE id = 'lain'`)).toEqual([]);
    // What lets others in, or gives up what a region has, is not asked for by another one, whatever role it says that somebody has there.
    for (const [url, body] of [
      ['/v1/tokens', { name: 'theirs', sha256: 'a'.repeat(64), bindings: [{ role: 'admin', region: everyRegion }] }],
      ['/v1/geode/recovery/trust', { tokens: ['theirs'], reason: 'ours' }],
      ['/v1/geode/recovery/open', { without: ['ap'], reason: 'ours' }],
      ['/v1/geode/recovery/reseed', { reason: 'ours' }],
    ] as const) {
      const answer = await forwardTo(link, eu.region, {
        ...request,
        ...{ method: 'POST', url, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
      });
      expect([url, answer.status, answer.body]).toEqual([url, 403, expect.stringContaining('own API')]);
    }
    const documents = { principal, tenant: 'acme' };
    await expect(scopeOf(eu.resources.dataSource, { scope: 'tenant' }, documents, 'read')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('tell consoles what happens in both regions, and what they missed', async () => {
    const all = listen(eu);
    const some = listen(eu, '?types=lapidary.tenant.deleted*');
    await waitFor(
      'both to be connected',
      async () =>
        (await eu.resources.metrics.registry.getSingleMetricAsString('lapidary_live_clients')).includes(' 2') ? true : undefined,
      { timeoutMs: 60_000 },
    );
    for (const [geode, id] of [
      [eu, 'here'],
      [us, 'there'],
    ] as const) {
      await ask(geode, 'POST', '/v1/tenants', { id, region: geode.region });
      await ask(geode, 'DELETE', `/v1/tenants/${id}`);
    }
    const about = (subject: string): string[] =>
      all.events.filter((e) => (JSON.parse(e.data) as { subject: string }).subject === subject).map((e) => e.event);
    await waitFor(
      'all events',
      () => (about('tenant/there').length >= 2 && about('tenant/here').length >= 2 && some.events.length >= 2 ? true : undefined),
      { timeoutMs: 60_000 },
    );
    expect(about('tenant/here')).toEqual(['lapidary.tenant.created.v1', 'lapidary.tenant.deleted.v1']);
    expect(some.events.map((e) => e.event)).toEqual(['lapidary.tenant.deleted.v1', 'lapidary.tenant.deleted.v1']);
    expect(new Set(all.events.map((e) => e.id)).size).toBe(all.events.length);
    const resumed = listen(eu, '', all.events[0]!.id);
    await waitFor('what was missed', () => (resumed.events.length >= all.events.length - 1 ? true : undefined), { timeoutMs: 60_000 });
    expect(resumed.events.map((e) => e.id)).toEqual(all.events.slice(1).map((e) => e.id));
    const lost = listen(eu, '', 'nobody-1-1');
    await waitFor('the reset', () => (lost.events.length > 0 ? true : undefined), { timeoutMs: 60_000 });
    expect(lost.events[0]!.event).toBe('lapidary.reset');
    await Promise.all([all, some, resumed, lost].map(async (l) => l.stop()));
  });

  it('tell the routers of both which tenants only a router inside their residency may serve (I3), for as long as they are strict', async () => {
    const strictIn = async (geode: Geode): Promise<unknown> => {
      const [row]: { strict: unknown }[] = await geode.resources.dataSource.query(
        `SELECT body->'strictIn' AS strict FROM directory_entry WHERE key = 'tenant/ward'`,
      );
      return row?.strict;
    };
    const inBoth = async (expected: unknown): Promise<void> => {
      for (const geode of [eu, us]) {
        await waitFor(
          `${geode.region} to know`,
          async () => (JSON.stringify(await strictIn(geode)) === JSON.stringify(expected) ? true : undefined),
          { timeoutMs: 60_000 },
        );
      }
    };
    const tenant = { id: 'ward', region: eu.region, residency: [eu.region], labels: { residency: 'strict' } };
    expect((await ask(eu, 'POST', '/v1/tenants', tenant)).status).toBe(201);
    await inBoth([eu.region]);
    expect((await ask(us, 'PATCH', '/v1/tenants/ward', { labels: {} })).status).toBe(200);
    await inBoth(null);
    expect((await ask(us, 'PATCH', '/v1/tenants/ward', { labels: { residency: 'strict' } })).status).toBe(200);
    await inBoth([eu.region]);
  });

  it('tell the routers of both that a tenant is frozen, for as long as its label says so, whatever else of it changes', async () => {
    const frozenIn = async (geode: Geode): Promise<unknown> => {
      const [row]: { frozen: unknown }[] = await geode.resources.dataSource.query(
        `SELECT body->'frozen' AS frozen FROM directory_entry WHERE key = 'tenant/moved'`,
      );
      return row?.frozen;
    };
    const inBoth = async (expected: unknown): Promise<void> => {
      for (const geode of [eu, us])
        await waitFor(`${geode.region} to know`, async () => (await frozenIn(geode)) === expected || undefined, { timeoutMs: 60_000 });
    };
    expect((await ask(eu, 'POST', '/v1/tenants', { id: 'moved', region: eu.region })).status).toBe(201);
    await inBoth(null);
    expect((await ask(us, 'PATCH', '/v1/tenants/moved', { labels: { traffic: 'frozen' } })).status).toBe(200);
    await inBoth(true);
    expect((await ask(eu, 'PATCH', '/v1/tenants/moved', { residency: [eu.region] })).status).toBe(200);
    expect(await frozenIn(eu)).toBe(true);
    expect((await ask(eu, 'PATCH', '/v1/tenants/moved', { labels: {} })).status).toBe(200);
    await inBoth(null);
  });

  it('end a freeze by themselves when its time is over, and keep one that has no end (I10)', async () => {
    const frozenIn = async ({ resources }: Geode): Promise<string[]> =>
      (
        await resources.dataSource.query<{ key: string }[]>(
          `SELECT key FROM directory_entry WHERE key LIKE 'tenant/frozen-%' AND body->'frozen' = 'true' ORDER BY key`,
        )
      ).map(({ key }) => key);
    const inBoth = async (expected: string[]): Promise<void> => {
      for (const geode of [eu, us])
        await waitFor(
          `${geode.region} to know`,
          async () => JSON.stringify(await frozenIn(geode)) === JSON.stringify(expected) || undefined,
          {
            timeoutMs: 60_000,
          },
        );
    };
    const freeze = async (id: string, until: Record<string, string>): Promise<void> => {
      expect((await ask(eu, 'POST', '/v1/tenants', { id, region: eu.region })).status).toBe(201);
      expect((await ask(eu, 'PATCH', `/v1/tenants/${id}`, { labels: { plan: 'gold', traffic: 'frozen', ...until } })).status).toBe(200);
    };
    await freeze('frozen-ever', {});
    await freeze('frozen-long', { 'traffic-until': new Date(Date.now() + 3_600_000).toISOString() });
    await freeze('frozen-over', { 'traffic-until': new Date(Date.now() + 10).toISOString() });
    await inBoth(['tenant/frozen-ever', 'tenant/frozen-long']);
    expect((await ask(us, 'GET', '/v1/tenants/frozen-over')).body['labels']).toEqual({ plan: 'gold' });
    const [audit]: { actor: string; reason: string }[] = await eu.resources.dataSource.query(
      `SELECT actor, reason FROM audit WHERE subject = 'tenant/frozen-over' ORDER BY position DESC LIMIT 1`,
    );
    expect(audit).toEqual({ actor: 'system:freeze', reason: 'the time that it was frozen for is over' });
  });

  it('ask a router of the region that the question is about', async () => {
    expect((await ask(eu, 'GET', `/v1/route?host=a.b`)).body['code']).toBe('not_ready');
    const stop = us.resources.nats.serveJson(routerExplain(us.region), ExplainRequestSchema, ({ host, token = 'none' }) => ({
      router: 'r1',
      region: us.region,
      host,
      action: 'refuse',
      status: 404,
      code: 'unknown_tenant',
      tenant: null,
      stamp: null,
      epoch: null,
      upstream: null,
      steps: [{ step: 'identify', ok: false, reason: `token ${token}` }],
      directory: { source: 'live', cursor: 1, entries: 1, ageMs: 0, lagMs: 0 },
    }));
    const { status, body } = await ask(eu, 'GET', `/v1/route?host=a.b&region=${us.region}`);
    expect([status, body['router'], body['host']]).toEqual([200, 'r1', 'a.b']);
    const ofToken = (token: string) =>
      ask(eu, 'GET', `/v1/route?host=a.b&region=${us.region}`, undefined, { 'x-lapidary-route-token': token });
    expect((await ofToken('a.b.c')).body).toMatchObject({ steps: [{ reason: 'token a.b.c' }] });
    expect((await ofToken('x'.repeat(8_193))).status).toBe(400);
    stop();
  });

  it('say within seconds that a region can’t be reached, where the caller wants no intent', async () => {
    await us.app.close();
    const refuse = { 'x-lapidary-if-unreachable': 'refuse' };
    let quickestMs = Infinity;
    for (let i = 0; i < 3; i += 1) {
      const startedMs = performance.now();
      const { status, body } = await ask(eu, 'POST', `/v1/stamps/${us.region}-1/cordon`, { reason: 'x' }, refuse);
      expect([status, body['code']]).toEqual([503, 'region_unreachable']);
      quickestMs = Math.min(quickestMs, performance.now() - startedMs);
    }
    expect(quickestMs).toBeLessThan(5_000);
    expect((await ask(eu, 'GET', '/v1/tenants')).status).toBe(200);
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RouteExplanationSchema } from '@lapidary/contracts/api/routing';
import { addToRoot, formatRoot } from '@lapidary/contracts/directory-digest';
import {
  BucketsAnswerSchema,
  markHash,
  markOfEntry,
  MarksAnswerSchema,
  RefreshAnswerSchema,
  routeBucketOf,
  type ReplicaQuestion,
} from '@lapidary/contracts/route-replica';
import { RouterHeartbeatSchema, type RouterHeartbeat } from '@lapidary/contracts/router-protocol';
import { directoryEntry, routerExplain, routerHeartbeat, routerReplica } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { publishToStream } from '@lapidary/messaging/streams';
import type { z } from 'zod';
import { proves } from '@lapidary/testing/proves';
import { ask, eventually, isLive, knows, noNats, RouterWorld } from './router-world.fixture.js';

let world: RouterWorld;
beforeEach(async () => {
  world = await RouterWorld.begin();
});
afterEach(() => world.end());

describe('a router and its region', () => {
  it('learns the snapshot, then every change within moments, and says since when', async () => {
    await world.region.commit(world.stamp());
    for (let i = 0; i < 300; i += 1) await world.region.commit(world.tenant(`t${i}`));
    const one = await world.start();
    await isLive(one);
    expect(one.router.directory.digest).toEqual(expect.objectContaining({ cursor: 301, count: 301, root: world.region.digest().root }));
    expect(await ask(one, 't299')).toBe('200');
    expect(await ask(one, 'acme')).toBe('404');
    // The quickest of some: a busy machine delays one or the other, a router that polls would be late with each.
    let quickestMs = Infinity;
    for (const cursor of [302, 303, 304]) {
      const { committedAtMs } = await world.region.commit(world.tenant(`acme-${cursor}`));
      await knows(one, `acme-${cursor}`);
      expect(await ask(one, `acme-${cursor}`)).toBe('200');
      const seen = (await (await fetch(`${one.admin}/directory/tenants/acme-${cursor}`)).json()) as { appliedAtMs: number; cursor: number };
      expect(seen).toMatchObject({ cursor });
      quickestMs = Math.min(quickestMs, seen.appliedAtMs - committedAtMs);
    }
    expect(quickestMs).toBeLessThan(1_000);
    const metrics = await (await fetch(`${one.admin}/metrics`)).text();
    expect(metrics).toMatch(/^lapidary_router_directory_cursor 304$/m);
    expect(metrics).toMatch(/^lapidary_router_directory_propagation_seconds_count 3$/m);
  });

  it('is ready with an empty directory of a new region, and never without any', async () => {
    const without = await world.start(noNats, 'none.json');
    const ready = await fetch(`${without.admin}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { ready: false, reasons: [expect.stringContaining('no directory')] }]);
    expect(await ask(without, 'acme')).toBe('503');
    world.region.servePages();
    const empty = await world.start();
    await isLive(empty);
    expect((await fetch(`${empty.admin}/readyz`)).status).toBe(200);
    expect(await ask(empty, 'acme')).toBe('404');
  });

  it('ignores rubbish in the stream and goes on behind it', async () => {
    world.region.servePages();
    const one = await world.start();
    await isLive(one);
    for (const rubbish of ['{', '{}', 'null', JSON.stringify({ key: 'tenant/a', cursor: 1, committedAtMs: 0, body: world.tenant('b') })]) {
      await publishToStream(world.region.link, directoryEntry(world.name, 'tenant/rubbish'), rubbish);
    }
    await world.region.commit(world.tenant('acme'));
    await knows(one, 'acme');
    expect(one.router.directory.state().entries).toBe(1);
  });

  it('tells the control plane what it holds, by bucket and by route, and fetches it anew when asked', async () => {
    await world.region.commit(world.stamp());
    for (let i = 0; i < 9; i += 1) await world.region.commit(world.tenant(`t${i}`));
    const one = await world.start();
    await isLive(one);
    const beat = await new Promise<RouterHeartbeat>((resolve) =>
      world.region.link.subscribeJson(routerHeartbeat(world.name), RouterHeartbeatSchema, resolve),
    );
    expect(beat.directory).toMatchObject({ generation: world.region.generation, root: world.region.digest().root });
    const subject = routerReplica(world.name, beat.router);
    const question = async <T extends z.ZodType>(asked: ReplicaQuestion, schema: T) =>
      world.region.link.requestJson(subject, asked, schema, 5_000);
    const { position, buckets } = await question({ want: 'buckets' }, BucketsAnswerSchema);
    expect(position).toEqual({ generation: world.region.generation, cursor: 10 });
    const entry = world.region.entries.get('tenant/t3')!;
    const bucket = routeBucketOf(entry.key);
    const { marks } = await question({ want: 'marks', buckets: [bucket] }, MarksAnswerSchema);
    expect(marks).toContainEqual(markOfEntry(entry));
    expect(buckets[bucket]).toEqual({ count: marks.length, root: formatRoot(marks.reduce((sum, m) => addToRoot(sum, markHash(m)), 0n)) });
    expect(buckets.reduce((sum, b) => sum + b.count, 0)).toBe(10);
    await world.region.commit(world.tenant('t3', { epoch: 2 }), { publish: false });
    world.region.servePages();
    expect(await question({ want: 'refresh' }, RefreshAnswerSchema)).toEqual({ refreshed: true });
    expect(one.router.directory.tenant('t3')).toMatchObject({ epoch: 2 });
  });

  it('explains over HTTP and NATS what it does, and beats', async () => {
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme', { epoch: 4 }));
    const one = await world.start();
    await isLive(one);
    const query = { host: 'acme.lapidary.localhost', path: '/x' };
    const overNats = await world.region.link.requestJson(routerExplain(world.name), query, RouteExplanationSchema, 2_000);
    const overHttp = RouteExplanationSchema.parse(await (await fetch(`${one.admin}/explain?${new URLSearchParams(query)}`)).json());
    expect(overNats).toMatchObject({
      action: 'forward',
      tenant: 'acme',
      stamp: `${world.name}-1`,
      epoch: 4,
      upstream: world.door.url,
      router: 'r1',
      directory: { source: 'live', entries: 2 },
    });
    expect({ ...overHttp, directory: null }).toEqual({ ...overNats, directory: null });
    const refused = await world.region.link.requestJson(
      routerExplain(world.name),
      { host: 'a_b', path: '/' },
      RouteExplanationSchema,
      2_000,
    );
    expect(refused).toMatchObject({ action: 'refuse', status: 400, code: 'invalid_input' });
    const beat = await new Promise((resolve) =>
      world.region.link.subscribeJson(routerHeartbeat(world.name), RouterHeartbeatSchema, resolve),
    );
    expect(beat).toMatchObject({ router: 'r1', directory: { cursor: 2, source: 'live', entries: 2 } });
  });
});

describe('a region whose NATS goes away', () => {
  it('comes back: the router resumes where it was and learns what changed', async () => {
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
    const one = await world.start();
    await isLive(one);
    world.link.cut();
    await eventually('the cut to be noticed', () => !one.router.directory.isLive);
    expect(await ask(one, 'acme')).toBe('200');
    await world.region.commit(world.tenant('beta'));
    await world.region.commit(world.tenant('acme', { epoch: 2 }));
    world.link.mend();
    await knows(one, 'beta');
    await knows(one, 'acme', 2);
    await isLive(one);
  });
});

describe('a router that starts alone (I7)', () => {
  it(
    proves(
      'serves every tenant that it knew, with NATS, control plane and database gone, and catches up when they are back',
      { operation: 'route', failure: 'nats-down', outcome: 'works' },
      { operation: 'route', failure: 'control-plane-down', outcome: 'works' },
      { operation: 'route', failure: 'postgres-down', outcome: 'works' },
    ),
    async () => {
      await world.region.commit(world.stamp());
      const ids = Array.from({ length: 50 }, (_, i) => `t${i}`);
      for (const id of ids) await world.region.commit(world.tenant(id, id === 't7' ? { hosts: ['shop.example.com'] } : {}));
      const before = await world.start();
      await isLive(before);
      await world.stop(before);
      world.link.cut();
      const after = await world.start();
      expect((await fetch(`${after.admin}/readyz`)).status).toBe(200);
      for (const id of ids) expect(await ask(after, id)).toBe('200');
      expect(after.router.directory.state()).toMatchObject({ source: 'disk', entries: 51, cursor: 51 });
      expect(after.router.directory.tenantOfHost('shop.example.com')).toBe('t7');
      // It may have been made since the copy was: "no such tenant" is no answer before somebody has said so, or nobody comes.
      expect(await ask(after, 'unheard-of')).toBe('503');
      await world.region.commit(world.tenant('t0', { epoch: 2 }));
      await world.region.commit(world.tenant('newer'));
      expect(await ask(after, 'newer')).toBe('503');
      world.link.mend();
      await isLive(after);
      await knows(after, 't0', 2);
      expect(after.router.directory.state().source).toBe('live');
      expect([await ask(after, 'newer'), await ask(after, 'unheard-of')]).toEqual(['200', '404']);
    },
  );

  it('knows how lately its directory was confirmed, though nothing had changed in it for long', async () => {
    const ageMsMax = 1_500;
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
    const before = await world.start();
    await isLive(before);
    const { lapidary_router_disk_copies_total: copies } = before.router.metrics;
    await waitFor('the copy', async () => (await copies.get()).values.some(({ value }) => value > 0) || undefined, { timeoutMs: 60_000 });
    const writtenMs = Date.now();
    // A digest says that nothing is missing, some time behind that.
    await waitFor('some time', () => Date.now() - writtenMs > 2 * ageMsMax || undefined, { timeoutMs: 60_000 });
    await world.tellDigestUntil('a digest to be heard', () => before.router.directory.state().ageMs < ageMsMax / 3);
    const heardMs = Date.now();
    await world.stop(before);
    const after = await world.start(noNats);
    expect(after.router.directory.state().ageMs).toBeLessThan(Date.now() - heardMs + ageMsMax / 2);
  });

  it('says that there is no such tenant once it has waited for somebody who knows more', async () => {
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
    const before = await world.start();
    await isLive(before);
    await world.stop(before);
    const after = await world.start(noNats);
    expect(await ask(after, 'unheard-of')).toBe('503');
    after.router.directory.settle();
    expect([await ask(after, 'acme'), await ask(after, 'unheard-of')]).toEqual(['200', '404']);
  });

  it('after a crash right behind a change, serves what was on disk two seconds ago', async () => {
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
    const one = await world.start();
    await isLive(one);
    const file = join(world.folder, 'directory.json');
    await waitFor('the copy', () => readFile(file, 'utf8').catch(() => undefined), { timeoutMs: 60_000, intervalMs: 20 });
    await writeFile(join(world.folder, 'crashed.json'), await readFile(file));
    const again = await world.start(noNats, 'crashed.json');
    expect(await ask(again, 'acme')).toBe('200');
  });

  it('with a corrupt copy says so, keeps it aside, and waits for a directory instead of guessing', async () => {
    await writeFile(join(world.folder, 'broken.json'), '{"format":1');
    const one = await world.start(noNats, 'broken.json');
    expect((await fetch(`${one.admin}/readyz`)).status).toBe(503);
    expect(await ask(one, 'acme')).toBe('503');
  });
});

import { RefreshAnswerSchema } from '@lapidary/contracts/route-replica';
import { routerReplica } from '@lapidary/contracts/subjects';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, startRawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { DirectoryTable } from './directory/directory-table.js';
import { ask, eventually, isLive, knows, RouterWorld, type RunningRouter } from './router-world.fixture.js';
import { misdirected } from './traffic.fixture.js';

/** So long a page is waited for. */
const pageMs = 5_000;
let world: RouterWorld;
beforeEach(async () => {
  world = await RouterWorld.begin();
});
afterEach(() => world.end());

/** As many reasons not to be ready as awaited, as its probe tells them. */
const reasonsToWait = async ({ router, admin }: RunningRouter, count: number): Promise<string[]> => {
  await eventually(`${count} reasons not to be ready`, () => router.readiness().reasons.length === count);
  const probe = await fetch(`${admin}/readyz`);
  expect(probe.status).toBe(count === 0 ? 200 : 503);
  return ((await probe.json()) as { reasons: string[] }).reasons;
};

describe('a router that starts with nothing', () => {
  it('takes the whole from the control plane where the stream holds only a part of it: nobody known is answered 404', async () => {
    await world.region.commit(world.stamp());
    for (let i = 0; i < 8; i += 1) await world.region.commit(world.tenant(`t${i}`), { publish: i < 3 });
    world.region.servePages();
    const one = await world.start();
    await isLive(one);
    expect(one.router.directory.digest?.root).toBe(world.region.digest().root);
  });

  it('is not ready on an empty stream until a control plane says that it is the whole', async () => {
    const one = await world.start();
    const loadedEarly: boolean[] = [];
    world.region.servePages((page) => {
      loadedEarly.push(one.router.directory.isLoaded);
      return page <= 2 ? Promise.reject(new Error('not yet')) : Promise.resolve();
    });
    await isLive(one);
    expect(loadedEarly).toEqual([false, false, false]);
  });

  it('takes the stream where no control plane answers (I7)', async () => {
    await world.region.commit(world.tenant('acme'));
    const one = await world.start();
    await isLive(one);
    expect(one.router.directory.tenant('acme')).toBeDefined();
  });
});

describe('changes that get lost', () => {
  it.each([
    ['the newest', false],
    ['one in the middle', true],
  ])('%s: found by the digest, loaded from the pages; nobody is unknown meanwhile', async (_, another) => {
    await world.region.commit(world.stamp());
    for (let i = 0; i < 8; i += 1) await world.region.commit(world.tenant(`t${i}`));
    const one = await world.start();
    await isLive(one);
    await world.region.commit(world.tenant('t3', { epoch: 2 }), { publish: false });
    if (another) await world.region.commit(world.tenant('t4', { epoch: 2 }));
    let emptied = false;
    world.region.servePages(() => {
      emptied ||= one.router.directory.tenant('t0') === undefined;
      return Promise.resolve();
    });
    await world.tellDigestUntil('the lost change', () => one.router.directory.tenant('t3')?.epoch === 2);
    expect(emptied).toBe(false);
    expect(one.router.directory.digest?.root).toBe(world.region.digest().root);
  });

  it('a change that arrives by the stream during the load is not lost by it', async () => {
    await world.region.commit(world.stamp());
    for (let i = 0; i < 8; i += 1) await world.region.commit(world.tenant(`t${i}`));
    const one = await world.start();
    await isLive(one);
    await world.region.commit(world.tenant('t7', { epoch: 2 }), { publish: false });
    // The first page, with t0 at epoch 1, has been read when t0 changes.
    world.region.servePages(async (page) => {
      if (page !== 2) return;
      await world.region.commit(world.tenant('t0', { epoch: 2 }));
      await knows(one, 't0', 2);
    });
    await world.tellDigestUntil('the load', () => one.router.directory.tenant('t7')?.epoch === 2);
    expect(one.router.directory.tenant('t0')?.epoch).toBe(2);
  });

  it('of two loads at a time neither takes back what came by the stream meanwhile (I1)', async () => {
    await world.region.commit(world.stamp());
    for (let i = 0; i < 8; i += 1) await world.region.commit(world.tenant(`t${i}`));
    const one = await world.start();
    await isLive(one);
    await world.region.commit(world.tenant('t7', { epoch: 2 }), { publish: false });
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    // A load that has waited too long for its page asks anew: it must not be over before the test looks.
    world.region.servePages((page) => (page >= 2 ? held : Promise.resolve()));
    // The first load has read t0 at epoch 1 when another one, which a comparison of routes asks for, begins.
    await world.tellDigestUntil('the second page to be asked for', () => world.region.pagesServed >= 2);
    const refreshed = world.region.link.requestJson(routerReplica(world.name, 'r1'), { want: 'refresh' }, RefreshAnswerSchema, 30_000);
    await world.region.commit(world.tenant('t0', { epoch: 2 }));
    await knows(one, 't0', 2);
    const epochs = new Set<number | undefined>();
    one.router.directory.onChanged(() => epochs.add(one.router.directory.tenant('t0')?.epoch));
    letGo();
    expect(await refreshed).toEqual({ refreshed: true });
    expect([...epochs]).toEqual([2]);
  });

  it('an entry that this version can’t read keeps no other from being loaded, and its tenant goes on by what is held', async () => {
    await world.region.commit(world.stamp());
    for (let i = 0; i < 8; i += 1) await world.region.commit(world.tenant(`t${i}`));
    const one = await world.start();
    await isLive(one);
    await world.region.commit(world.tenant('t3', { status: 'of a newer version' as never, epoch: 2 }));
    await world.region.commit(world.tenant('t4', { epoch: 2 }), { publish: false });
    world.region.servePages();
    await world.tellDigestUntil('the lost change', () => one.router.directory.tenant('t4')?.epoch === 2);
    expect(one.router.directory.tenant('t3')?.epoch).toBe(1);
    expect(await ask(one, 't3')).toBe('200');
    // It stays a difference: nobody is asked for all the pages again at each digest.
    const { pagesServed } = world.region;
    const { lapidary_router_directory_digests_total: digests } = one.router.metrics;
    const differences = async (): Promise<number> =>
      (await digests.get()).values.filter(({ labels }) => labels['verdict'] !== 'equal').reduce((sum, { value }) => sum + value, 0);
    const from = await differences();
    await waitFor('ten digests that differ', async () => (world.region.tellDigest(), (await differences()) > from + 10 || undefined), {
      timeoutMs: 60_000,
      intervalMs: 20,
    });
    expect(world.region.pagesServed).toBe(pagesServed);
    // Nor does it keep the router from a new generation.
    await world.region.restore('second', () => true);
    await eventually('the new generation', () => one.router.directory.generation === 'second' && one.router.directory.isLive);
    expect(one.router.directory.tenant('t4')?.epoch).toBe(2);
  });

  it('many requests behind a 421 of one tenant ask for its entry once, and once for all who came meanwhile', async () => {
    const moved = await startRawUpstream((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n')) socket.write(misdirected);
    });
    await world.region.commit(world.stamp({ frontDoors: [moved.url] }));
    await world.region.commit(world.tenant('acme'));
    const one = await world.start();
    await isLive(one);
    const question = '$JS.API.STREAM.MSG.GET';
    world.link.said(question);
    const clients = 50;
    expect(await Promise.all(Array.from({ length: clients }, () => ask(one, 'acme')))).toEqual(Array<string>(clients).fill('421'));
    // Each is two, of a tenant and its stamp; on a machine that stands still between two clients there may be a few more.
    const questions = world.link.said(question);
    expect(questions).toBeGreaterThanOrEqual(2);
    expect(questions).toBeLessThan(clients);
    await moved.close();
  });

  it('no control plane says anything while NATS is there: the age grows, and is a reason not to be ready until a digest comes', async () => {
    await world.region.commit(world.tenant('acme'));
    const one = await world.start(undefined, undefined, { LAPIDARY_DIRECTORY_AGE_MAX_MS: 300 });
    await isLive(one);
    expect(await reasonsToWait(one, 1)).toEqual([
      expect.stringMatching(/^no control plane was heard of the directory for \d+ s; it still serves$/),
    ]);
    expect(one.router.directory.isLive).toBe(true);
    await world.tellDigestUntil('it to be ready', () => one.router.readiness().ready);
  });

  it('a change that was lost is a lag, and a reason not to be ready until it has been loaded', async () => {
    await world.region.commit(world.tenant('acme'));
    const one = await world.start(undefined, undefined, { LAPIDARY_DIRECTORY_LAG_MAX_MS: 300 });
    await isLive(one);
    await world.region.commit(world.tenant('lost'), { publish: false });
    world.region.tellDigest();
    expect(await reasonsToWait(one, 1)).toEqual([
      expect.stringMatching(/^the directory is \d+ s behind the control plane; it still serves$/),
    ]);
    expect(await (await fetch(`${one.admin}/metrics`)).text()).toMatch(
      /^lapidary_router_directory_event_lag_seconds 0\.[3-9]|^lapidary_router_directory_event_lag_seconds [1-9]/m,
    );
    world.region.servePages();
    await world.tellDigestUntil('it to be loaded', () => one.router.directory.tenant('lost') !== undefined);
    expect(await reasonsToWait(one, 0)).toEqual([]);
  });

  it('an equal digest never loads anything', async () => {
    await world.region.commit(world.tenant('acme'));
    const one = await world.start();
    await isLive(one);
    world.region.servePages();
    const equals = async (): Promise<number> =>
      (await one.router.metrics.lapidary_router_directory_digests_total.get()).values[0]?.value ?? 0;
    await waitFor('five digests', async () => (world.region.tellDigest(), (await equals()) >= 5 || undefined), {
      timeoutMs: 60_000,
      intervalMs: 10,
    });
    expect(world.region.pagesServed).toBe(0);
  });

  it('a stamp that answers 421 has the entry fetched past the reader, and the request is repeated by it', async () => {
    const moved = await startRawUpstream((socket, soFar) => {
      const fresh = soFar.includes('x-lapidary-epoch: 2\r\n');
      if (soFar.endsWith('\r\n\r\n'))
        socket.write(fresh ? answerBytes('200 OK', [], 'ok') : answerBytes('421 Misdirected Request', ['x-lapidary-error: misdirected']));
    });
    await world.region.commit(world.stamp({ frontDoors: [moved.url] }));
    const before = await world.region.commit(world.tenant('acme'));
    const one = await world.start();
    await isLive(one);
    await world.region.commit(world.tenant('acme', { epoch: 2 }));
    await knows(one, 'acme', 2);
    // As if the change had got lost on its way.
    const old = new DirectoryTable('first');
    for (const entry of [world.region.entries.get(`stamp/${world.name}-1`)!, before]) old.apply(entry);
    one.router.directory.swap(old, 'live', Date.now());
    expect(await ask(one, 'acme')).toBe('200');
    expect(one.router.directory.tenant('acme')?.epoch).toBe(2);
    await moved.close();
  });
});

describe('a directory that begins anew', () => {
  it('holds no stop up while it is loaded', async () => {
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
    const one = await world.start();
    await isLive(one);
    await world.region.restore('second', () => true);
    // Never answered: the page would be waited for.
    world.region.servePages(() => new Promise(() => undefined));
    await eventually('a page to be asked for', () => world.region.pagesServed > 0);
    const beganMs = performance.now();
    await world.stop(one);
    expect(performance.now() - beganMs).toBeLessThan(pageMs);
  });

  it('a database restored from a back-up gives a new generation: loaded whole beside the old one, then followed', async () => {
    await world.region.commit(world.stamp());
    for (let i = 0; i < 20; i += 1) await world.region.commit(world.tenant(`t${i}`, { epoch: 3 }));
    const one = await world.start();
    await isLive(one);
    await world.region.restore('second', ({ key }) => key !== 'tenant/t9');
    await eventually('the old stream’s end to be noticed', () => !one.router.directory.isLive);
    expect(await ask(one, 't9')).toBe('200');
    world.region.servePages();
    await eventually('the new generation', () => one.router.directory.generation === 'second' && one.router.directory.isLive);
    expect(one.router.directory.tenant('t9')).toBeUndefined();
    // Its cursor is far below the old generation's.
    await world.region.commit(world.tenant('t1', { epoch: 4 }));
    await knows(one, 't1', 4);
    expect(one.router.directory.digest?.root).toBe(world.region.digest().root);
  });

  it('a stream that is made anew within the generation takes nothing away', async () => {
    await world.region.commit(world.stamp());
    await world.region.commit(world.tenant('acme'));
    await world.region.commit(world.tenant('beta'));
    const one = await world.start();
    await isLive(one);
    const entries = [...world.region.entries.values()];
    // The new one is empty and read to its end a tenth of a second later: a look now and then may miss that it was not followed.
    const { directory } = one.router;
    const unfollow = directory.unfollow.bind(directory);
    let ends = 0;
    directory.unfollow = () => ((ends += 1), unfollow());
    await world.region.restore('first', () => true);
    await eventually('the old stream’s end to be noticed', () => ends > 0);
    for (const entry of entries.slice(0, 1)) await world.region.publish(entry);
    await isLive(one);
    expect([await ask(one, 'acme'), await ask(one, 'beta')]).toEqual(['200', '200']);
  });
});

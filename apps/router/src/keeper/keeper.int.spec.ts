import { writeFile } from 'node:fs/promises';
import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { RouterWorld } from '../router-world.fixture.js';
import { Load } from './load.fixture.js';
import { patience, RouterProcess, statusAt } from './router-process.fixture.js';

const requests = /^lapidary_router_requests_total\{outcome="answered"\} (\d+)$/m;
const workers = /^lapidary_router_workers (\d+)$/m;
const runs = (cause: string): RegExp => new RegExp(`^lapidary_router_runs_total\\{cause="${cause}"\\} (\\d+)$`, 'm');
const several = { LAPIDARY_ROUTER_WORKERS: '2' };
/** Enough fresh connections for each of two workers to have had some. */
const manyTimes = 60;

let world: RouterWorld;
let one: RouterProcess;
beforeEach(async () => {
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
});
afterEach(async () => {
  await one.clean();
  await world.end();
});

const asked = (id: string, status: string): Promise<unknown> =>
  waitFor(`${status} for ${id}`, async () => (await one.ask(id)) === status || undefined, patience);
const busy = (load: Load, more = 200): Promise<unknown> => {
  const from = load.outcomes.answered;
  return waitFor('more answers', () => load.outcomes.answered > from + more || undefined, patience);
};

describe('a router of several workers', () => {
  beforeEach(async () => {
    one = await RouterProcess.start(world, several);
    await asked('acme', '200');
  });

  it('answers on one port from all of them, and its metrics are those of all together', async () => {
    const before = await one.metric(requests);
    for (let i = 0; i < manyTimes; i += 1) expect(await one.ask('acme')).toBe('200');
    expect(await one.metric(requests)).toBe(before + manyTimes);
    expect(await one.metric(workers)).toBe(2);
    expect(await one.metric(/^process_start_time_seconds (\d+)/m)).toBeGreaterThan(0);
    const explained = (await (await fetch(`${one.admin}/explain?host=acme.lapidary.localhost&path=/`)).json()) as { action: string };
    expect(explained.action).toBe('forward');
  });

  it('every worker sees a change as soon as it is applied, and a whole table that takes another’s place', async () => {
    expect(await one.ask('beta')).toBe('404');
    await world.region.commit(world.tenant('beta'));
    await asked('beta', '200');
    for (let i = 0; i < manyTimes; i += 1) expect(await one.ask('beta')).toBe('200');
    await world.region.restore('second', ({ key }) => key !== 'tenant/beta');
    world.region.servePages();
    await asked('beta', '404');
    for (let i = 0; i < manyTimes; i += 1) expect(await one.ask('beta')).toBe('404');
    expect(await one.ask('acme')).toBe('200');
  });

  it('one that dies is replaced and counted; the others serve meanwhile, and no new connection is lost (W1, W2)', async () => {
    await one.killWorkers('kill');
    const load = new Load({ port: one.port, short: 4, keepAlive: 0 });
    await waitFor(
      'its death to be counted',
      async () => (await one.metric(/^lapidary_router_worker_deaths_total (\d+)$/m)) === 1 || undefined,
      patience,
    );
    await waitFor('another in its place', async () => (await one.metric(workers)) === 2 || undefined, patience);
    await busy(load);
    // What it was working on at its death went with it: at most one request of each client.
    const { refused, lost } = await load.stop();
    expect(refused).toBe(0);
    expect(lost).toBeLessThanOrEqual(4);
  });

  it('while all die at each start it is not ready, and it serves again when they live (W3); another process brings new sockets', async () => {
    await one.killWorkers('killAll');
    await waitFor('it to be not ready', async () => (await one.readiness()) === 503 || undefined, patience);
    await one.spareWorkers();
    await one.isReady();
    await asked('acme', '200');
  });

  it(
    proves('puts another process in its place at SIGHUP, many times under load: no request is lost, none refused (K1, K2)', {
      operation: 'route',
      failure: 'router-restart',
      outcome: 'works',
    }),
    async () => {
      const load = new Load({ port: one.port, short: 6, keepAlive: 6 });
      await busy(load);
      for (let i = 0; i < 3; i += 1) {
        await one.reload();
        await busy(load);
      }
      expect(await load.stop()).toMatchObject({ lost: 0, refused: 0 });
      expect(await one.metric(runs('reload'))).toBe(3);
      expect(await one.metric(workers)).toBe(2);
    },
  );

  it('takes what the file of settings says at SIGHUP, and keeps to the old when it is no good (K3)', async () => {
    await writeFile(one.configFile, 'LAPIDARY_CLAIM_LIFETIME_MS=soon\n');
    const from = one.logged.length;
    one.child.kill('SIGHUP');
    await one.says('nothing was replaced: the process that leads goes on', from);
    expect(await one.ask('acme')).toBe('200');
    expect(await one.metric(runs('refused'))).toBe(1);

    await writeFile(one.configFile, 'LAPIDARY_BASE_DOMAIN=shops.example\n');
    await one.reload();
    // The one before takes what waits in the queue before it leaves.
    const holds = async (): Promise<true | undefined> =>
      ((await statusAt(one.port, 'acme.shops.example')) === '200' && (await one.ask('acme')) !== '200') || undefined;
    await waitFor('the new base domain to hold', holds, patience);
  });

  it('a process that is killed is replaced, and connections wait for the next meanwhile (K1, K4)', async () => {
    const { pid } = await one.says('router leads');
    const load = new Load({ port: one.port, short: 4, keepAlive: 4 });
    await busy(load);
    process.kill(pid!, 'SIGKILL');
    await one.says('the router died; another is started');
    await busy(load);
    const { refused, lost } = await load.stop();
    expect(refused).toBe(0);
    // What it was working on, and what it had accepted, went with it: at most one request of each client.
    expect(lost).toBeLessThanOrEqual(8);
    expect(await one.metric(runs('death'))).toBe(1);
  });

  it.each([
    ['are no good', 'LAPIDARY_CLAIM_LIFETIME_MS=soon\n'],
    ['say something else', 'LAPIDARY_BASE_DOMAIN=shops.example\n'],
  ])('takes none of the settings that %s with a process that dies, but those in force (K3, K4)', async (_, written) => {
    await writeFile(one.configFile, written);
    const { pid } = await one.says('router leads');
    process.kill(pid!, 'SIGKILL');
    await one.says('the router died; another is started');
    await one.isReady();
    await asked('acme', '200');
  });

  it('whose keeper is killed ends in order, and frees the port (K6)', async () => {
    await one.end('SIGKILL');
    await waitFor('the port to be free', async () => !(await one.isListening()) || undefined, patience);
  });
});

describe.each([
  ['fast', '0'],
  ['general', '0'],
  ['fast', '2'],
  ['general', '2'],
])('told to stop, the %s engine with %s workers', (engine, count) => {
  const settings = { LAPIDARY_ROUTER_ENGINE: engine, LAPIDARY_ROUTER_WORKERS: count };

  it('loses no request under load: it is not ready first, and takes what comes until nobody sends more (W4, K5)', async () => {
    one = await RouterProcess.start(world, { ...settings, LAPIDARY_STOP_DELAY_MS: '600' });
    await asked('acme', '200');
    let ready = true;
    const watch = setInterval(() => void one.readiness().then((status) => (ready = status === 200)), 50);
    const load = new Load({ port: one.port, short: 6, keepAlive: 6, mayConnect: () => ready });
    await busy(load);
    expect(await one.end('SIGTERM')).toBe(0);
    clearInterval(watch);
    expect({ ...(await load.stop()), losses: load.losses }).toMatchObject({ lost: 0, losses: [], refused: 0 });
  });

  it('loses no request of clients that never cease, and whom nobody has told: the last to accept leaves an empty queue (K5)', async () => {
    one = await RouterProcess.start(world, settings);
    await asked('acme', '200');
    // Whoever drains for another leaves the queue as it is.
    if (count !== '0') await one.reload();
    const load = new Load({ port: one.port, short: 4, keepAlive: 4 });
    await busy(load);
    expect(await one.end('SIGTERM')).toBe(0);
    await load.stop();
    expect(load.losses).toEqual([]);
  });

  it('answers whoever is about to ask on a connection that it keeps, and only then ends it', async () => {
    one = await RouterProcess.start(world, settings);
    await asked('acme', '200');
    let stopping = false;
    const load = new Load({ port: one.port, short: 0, keepAlive: 8, mayConnect: () => !stopping });
    await busy(load);
    stopping = true;
    expect(await one.end('SIGTERM')).toBe(0);
    expect(await load.stop()).toMatchObject({ lost: 0, refused: 0 });
    expect(load.connected).toBe(0);
  });
});

import type { TenantRoute } from '@lapidary/contracts/directory';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { patience, RouterProcess } from '../keeper/router-process.fixture.js';
import { RouterWorld } from '../router-world.fixture.js';

/** Longer than this test's own steps take on a loaded machine, short enough to wait it out. */
const freezeWaitMs = 5_000;
/** Both workers have some of so many connections, all but surely. */
const clients = 12;

let world: RouterWorld;
let one: RouterProcess;
let next: RawUpstream;
/** Epoch that each request for the tenant had, by the stamp that got it. */
let received: string[];
const epochIn = (head: string): string => /x-lapidary-epoch: (\d+)\r\n/.exec(head)?.[1] ?? 'none';
const stampCalled = (name: string): Promise<RawUpstream> =>
  startRawUpstream((socket, soFar) => {
    if (!soFar.endsWith('\r\n\r\n')) return;
    if (soFar.includes('x-lapidary-tenant: acme')) received.push(`${name} at ${epochIn(soFar)}`);
    socket.end(answerBytes('200 OK', ['Connection: close'], name));
  });
let old: RawUpstream;
const acme = (over: Partial<TenantRoute> = {}): TenantRoute => world.tenant('acme', over);

beforeEach(async () => {
  received = [];
  [old, next] = [await stampCalled('old'), await stampCalled('new')];
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp({ frontDoors: [old.url] }));
  await world.region.commit(world.stamp({ stamp: `${world.name}-2`, frontDoors: [next.url] }));
  await world.region.commit(acme());
  one = await RouterProcess.start(world, {
    LAPIDARY_ROUTER_WORKERS: '2',
    LAPIDARY_ROUTER_LINKS: 'off',
    LAPIDARY_FREEZE_WAIT_MS: String(freezeWaitMs),
  });
  await waitFor('the tenant', async () => (await one.ask('acme')) === '200' || undefined, patience);
});
afterEach(async () => {
  await one.clean();
  await world.end();
  await old.close();
  await next.close();
});

/** Freezes by an event of the directory; over when no worker forwards any more: what is asked then has no answer at once. */
const freeze = async (): Promise<Promise<string>[]> => {
  await world.region.commit(acme({ frozen: true }));
  const beta = world.tenant('beta', { stamp: `${world.name}-2` });
  // The directory is in order: who is known by it has come behind the freeze, for every worker.
  await world.region.commit(beta);
  await waitFor('what came behind the freeze', async () => (await one.ask('beta')) === '200' || undefined, patience);
  received.length = 0;
  return Array.from({ length: clients }, () => one.ask('acme'));
};

it('a frozen tenant’s requests wait in every worker, and go to the new stamp at its epoch when an event says so (I1, I4)', async () => {
  const asked = await freeze();
  expect(await one.ask('beta')).toBe('200');
  expect(received).toEqual([]);
  await world.region.commit(acme({ stamp: `${world.name}-2`, epoch: 2 }));
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['200']));
  expect(received).toEqual(Array<string>(clients).fill('new at 2'));
});

it('where no event says so in time they are 503, and nobody has heard of them', async () => {
  const beganMs = performance.now();
  expect(new Set(await Promise.all(await freeze()))).toEqual(new Set(['503']));
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(freezeWaitMs);
  expect(received).toEqual([]);
  await world.region.commit(acme());
  await waitFor('the tenant', async () => (await one.ask('acme')) === '200' || undefined, patience);
  expect(new Set(received)).toEqual(new Set(['old at 1']));
});

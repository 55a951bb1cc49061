import { waitFor } from '@lapidary/kernel/wait-for';
import { Load } from '../keeper/load.fixture.js';
import { patience, RouterProcess } from '../keeper/router-process.fixture.js';
import { RouterWorld } from '../router-world.fixture.js';

const clients = 4;
const silentMs = 600;
const counted = (name: string, labels = ''): RegExp =>
  new RegExp(`^lapidary_router_${name}${labels.replace(/[{}]/g, '\\$&')} (\\d+)$`, 'm');
const hangs = counted('worker_hangs_total');

let world: RouterWorld;
let one: RouterProcess;
beforeEach(async () => {
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
  one = await RouterProcess.start(world, { LAPIDARY_ROUTER_WORKERS: '2', LAPIDARY_WORKER_SILENT_MS: String(silentMs) });
  await waitFor('the tenant', async () => (await one.ask('acme')) === '200' || undefined, patience);
});
afterEach(async () => {
  await one.clean();
  await world.end();
});

const comesTo = (what: string, line: RegExp, value: number): Promise<unknown> =>
  waitFor(what, async () => (await one.metric(line)) === value || undefined, patience);
/** Its clients wait until it is ended, and ask again; nobody else is held up. */
const atMostOneEach = async (load: Load): Promise<void> => {
  const { refused, lost, answered } = await load.stop();
  expect(refused).toBe(0);
  expect(lost).toBeLessThanOrEqual(clients);
  expect(answered).toBeGreaterThan(100);
};

it('a worker that never comes back from a turn of its loop is noticed within its bound, ended, replaced and counted (W5)', async () => {
  const load = new Load({ port: one.port, short: clients, keepAlive: 0 });
  const beganMs = performance.now();
  await one.killWorkers('hang');
  await comesTo('the hang to be counted', hangs, 1);
  // The bound, a look, and what this machine's other work costs; far below the 30 s after which a request would end by itself.
  expect(performance.now() - beganMs).toBeLessThan(silentMs + 20_000);
  await comesTo('its end to be counted', counted('worker_deaths_total'), 1);
  await comesTo('another in its place', counted('workers'), 2);
  await one.says('a worker hangs; it is ended');
  await atMostOneEach(load);
});

it('one that is in the middle of a call of the system can’t be ended: another process takes over (W5)', async () => {
  await one.killWorkers('stick');
  await one.says('a worker that hangs can’t be ended; another process has to take over');
  await one.says('another process leads');
  await comesTo('the other process', counted('runs_total', '{cause="stuck"}'), 1);
  await comesTo('its workers', counted('workers'), 2);
  expect(await one.ask('acme')).toBe('200');
});

it('a process that stands still altogether is replaced: connections wait for the next, and none is refused (K7)', async () => {
  const { pid } = await one.says('router leads');
  const load = new Load({ port: one.port, short: clients, keepAlive: 0 });
  process.kill(pid!, 'SIGSTOP');
  await one.says('the router hangs; another process is put in its place');
  const from = load.outcomes.answered;
  await waitFor('answers from the next', () => load.outcomes.answered > from + 100 || undefined, patience);
  await atMostOneEach(load);
  await comesTo('the other process', counted('runs_total', '{cause="hung"}'), 1);
});

it('no worker is taken for hung while the machine stood still', async () => {
  const { pid } = await one.says('router leads');
  process.kill(pid!, 'SIGSTOP');
  const stoppedMs = performance.now();
  await waitFor('longer than the bound', () => performance.now() - stoppedMs > 3 * silentMs || undefined, patience);
  process.kill(pid!, 'SIGCONT');
  await comesTo('two workers', counted('workers'), 2);
  for (let i = 0; i < 20; i += 1) expect(await one.ask('acme')).toBe('200');
  expect(await one.metric(hangs)).toBe(0);
});

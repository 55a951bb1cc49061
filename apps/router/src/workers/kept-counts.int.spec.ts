import { waitFor } from '@lapidary/kernel/wait-for';
import { patience, RouterProcess } from '../keeper/router-process.fixture.js';
import { RouterWorld } from '../router-world.fixture.js';

const answered = /^lapidary_router_requests_total\{outcome="answered"\} (\d+)$/m;
const deaths = /^lapidary_router_worker_deaths_total (\d+)$/m;
/** Enough fresh connections for each of two workers to have had some. */
const manyTimes = 60;

let world: RouterWorld;
let one: RouterProcess;
beforeEach(async () => {
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
  // Longer than a page waits for a worker.
  one = await RouterProcess.start(world, { LAPIDARY_ROUTER_WORKERS: '2', LAPIDARY_WORKER_SILENT_MS: '3000' });
  await waitFor('the tenant', async () => (await one.ask('acme')) === '200' || undefined, patience);
});
afterEach(async () => {
  await one.clean();
  await world.end();
});

/** The least that the page ever says, from before the worker's end to behind it. */
const leastUntilItsEnd = async (): Promise<number> => {
  let least = Infinity;
  const look = async (): Promise<true | undefined> => {
    least = Math.min(least, await one.metric(answered));
    return (await one.metric(deaths)) === 1 || undefined;
  };
  await waitFor('its end', look, patience);
  return Math.min(least, await one.metric(answered));
};

it.each([
  ['that dies', 'kill'],
  ['that hangs, and tells nothing until it is ended', 'hang'],
] as const)('what a worker has counted %s stays in the sums of all, which never fall', async (_, how) => {
  for (let i = 0; i < manyTimes; i += 1) await one.ask('acme');
  const before = await one.metric(answered);
  expect(before).toBeGreaterThanOrEqual(manyTimes);
  await one.killWorkers(how);
  expect(await leastUntilItsEnd()).toBe(before);
  for (let i = 0; i < manyTimes; i += 1) await one.ask('acme');
  expect(await one.metric(answered)).toBe(before + manyTimes);
});

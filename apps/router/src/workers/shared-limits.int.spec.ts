import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { patience, RouterProcess } from '../keeper/router-process.fixture.js';
import { noNats, RouterWorld } from '../router-world.fixture.js';

const workers = 2;
const perSecond = 40;
const burst = 20;
/** Several reports between workers, so that shares have settled. */
const forMs = 3_000;
const clients = 12;
const document = LimitsDocumentSchema.parse({ tiers: { standard: { limits: [{ kind: 'token_bucket', perSecond, burst }] } } });

let world: RouterWorld;
let one: RouterProcess;
beforeEach(async () => {
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
  world.serveLimits(document);
});
afterEach(async () => {
  await one.clean();
  await world.end();
});

const start = async (natsUrl: string): Promise<void> => {
  one = await RouterProcess.start(world, { LAPIDARY_ROUTER_WORKERS: String(workers), LAPIDARY_NATS_URL: natsUrl });
  const limits = /^lapidary_router_limits_version (-?\d+)$/m;
  const routers = /^lapidary_router_budget_routers (\d+)$/m;
  await waitFor('the limits', async () => (await one.metric(limits)) === 1 || undefined, patience);
  await waitFor('the workers to know of each other', async () => (await one.metric(routers)) === workers || undefined, patience);
};

/** Many more requests than the limit lets through, each on a connection of its own: all workers have some. */
const flood = async (): Promise<{ readonly admitted: number; readonly refused: number; readonly seconds: number }> => {
  const beganMs = performance.now();
  let [admitted, refused] = [0, 0];
  const client = async (): Promise<void> => {
    while (performance.now() - beganMs < forMs) {
      const status = await one.ask('acme');
      if (status === '200') admitted += 1;
      else if (status === '429') refused += 1;
      else throw new Error(`unexpected: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { admitted, refused, seconds: (performance.now() - beganMs) / 1000 };
};

/** What one budget over N lets through in any time, at most: docs/adr/0030. */
const most = (seconds: number): number => burst + perSecond * seconds + workers + workers * 0.01 * burst;
/** Which worker gets a connection is chance, and shares follow it some ticks behind: some of the budget lies unused. */
const least = (seconds: number): number => 0.3 * perSecond * seconds;

it('all workers together let through what the limit says, and not each of them', async () => {
  await start(world.link.url);
  const { admitted, refused, seconds } = await flood();
  expect(admitted).toBeLessThanOrEqual(most(seconds));
  expect(admitted).toBeGreaterThan(least(seconds));
  expect(refused).toBeGreaterThan(0);
});

it('the same without NATS: they hear each other in the process', async () => {
  await start(world.link.url);
  await one.end();
  await one.clean();
  await start(noNats);
  const { admitted, refused, seconds } = await flood();
  expect(admitted).toBeLessThanOrEqual(most(seconds));
  expect(admitted).toBeGreaterThan(least(seconds));
  expect(refused).toBeGreaterThan(0);
});

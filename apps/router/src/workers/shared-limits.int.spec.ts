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

/** They draw from one bucket (docs/adr/0068); for half a second after their start they had shares of it, with a burst of its own. */
const most = (seconds: number): number => 2 * burst + perSecond * seconds + workers;
/**
 * Nothing lies unused but what comes while all clients stand still, for longer than a burst lasts. No more than was asked for can be let
 * through, which is little on a machine that is busy.
 */
const least = (seconds: number, asked: number): number => 0.6 * Math.min(perSecond * seconds, asked);

it('all workers together let through what the limit says, and not each of them', async () => {
  await start(world.link.url);
  const { admitted, refused, seconds } = await flood();
  expect(admitted).toBeLessThanOrEqual(most(seconds));
  expect(admitted).toBeGreaterThan(least(seconds, admitted + refused));
  expect(refused).toBeGreaterThan(0);
});

it('the same without NATS: they hear each other in the process', async () => {
  await start(world.link.url);
  await one.end();
  await one.clean();
  await start(noNats);
  const { admitted, refused, seconds } = await flood();
  expect(admitted).toBeLessThanOrEqual(most(seconds));
  expect(admitted).toBeGreaterThan(least(seconds, admitted + refused));
  expect(refused).toBeGreaterThan(0);
});

import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { FastServer } from '@lapidary/router/engine/fast-server';
import { stampRoute, tenantRoute } from '@lapidary/router/routes.fixture';
import { RouterPolicy } from '@lapidary/router/traffic-policy/router-policy';
import { startTraffic, type TestTraffic } from '@lapidary/router/traffic.fixture';
import { startFaultyWorkload, type FaultyWorkload } from './chaos/faulty-workload.ts';
import { askSomehow, type Asked } from './chaos/restless-client.ts';
import { startFrontDoor } from './run/links-before.ts';
import { randomFrom } from './run/random.ts';

const seed = Date.now() % 1_000_000;
const clients = 20;
const requestsEach = 15;
const tenants = ['acme', 'beta', 'gamma'];
const timeouts = { connectMs: 1_000, headMs: 300, idleMs: 300 };
const tight = { inFlightMax: 8, queueMax: 6, queueWaitMs: 50, tenantInFlightMax: 6, tunnelsMax: 3, tenantTunnelsMax: 2, doorInUseMax: 5 };
const hedged = { hedgeRatio: 0.1, retryRatio: 1 };
const patience = { timeoutMs: 60_000, intervalMs: 10 };

let traffic: TestTraffic;
let policy: RouterPolicy;
let workloads: FaultyWorkload[];
let doors: { readonly url: string; close(): Promise<void> }[];

const start = async (way: 'fast' | 'general' | 'links', stamp: Record<string, number>): Promise<void> => {
  const { below } = randomFrom(seed + 1);
  const someMs = (): number => below(60);
  workloads = [await startFaultyWorkload(someMs), await startFaultyWorkload(someMs)];
  doors = way === 'links' ? await Promise.all(workloads.map(({ url }) => startFrontDoor(url, tenants))) : [];
  policy = new RouterPolicy({ router: 'r1' });
  policy.limitBy(LimitsDocumentSchema.parse({ stamps: { default: stamp } }));
  traffic = await startTraffic(
    (way === 'links' ? doors : workloads).map(({ url }) => url),
    {
      timeouts,
      policy,
      on: way === 'general' ? 'general' : 'fast',
      links: way === 'links' ? { routerId: 'router-1', key: null } : null,
    },
  );
  for (const tenant of tenants) traffic.route({ tenant });
};
afterEach(async () => {
  await traffic.close();
  for (const { close } of [...doors, ...workloads]) await close();
});

/** Everything that is counted while it is under way. */
const underWay = async (): Promise<Record<string, number>> => {
  const { server, metrics } = traffic;
  if (server instanceof FastServer) server.countNow();
  const { compartment, doors: itsDoors } = policy.stamps.get('eu-1')!;
  const gauges = [
    'lapidary_router_tunnels',
    'lapidary_router_stamp_tunnels',
    'lapidary_router_refusals_waiting',
    'lapidary_router_link_streams',
    'lapidary_router_in_flight',
  ] as const;
  const values = await Promise.all(gauges.map(async (name) => [name, (await metrics[name].get()).values[0]?.value ?? 0] as const));
  return {
    ...Object.fromEntries(values),
    places: compartment.inFlight,
    queue: compartment.waiting,
    connections: itsDoors.all.reduce((sum, { inUse }) => sum + inUse, 0),
  };
};

describe.each(['fast', 'general', 'links'] as const)('stamps that fail and clients that leave, by the way "%s"', (way) => {
  it.each([
    ['with room for all', {}],
    ['with little room', tight],
    ['that are asked twice', hedged],
  ])(`%s: every request ends and is counted once, and nothing stays under way (seed ${seed})`, async (_, stamp) => {
    await start(way, stamp);
    const ofEach = Array.from({ length: clients }, async (__, i) => {
      const random = randomFrom(seed + 7 * i);
      const asked: Asked[] = [];
      for (let n = 0; n < requestsEach; n += 1) asked.push(await askSomehow(traffic.port, tenants[(i + n) % tenants.length]!, random));
      return asked;
    });
    const asked = (await Promise.all(ofEach)).flat();
    expect(asked.filter(({ hasEnded }) => !hasEnded).map(({ what }) => what)).toEqual([]);
    const nothing = Object.fromEntries(Object.keys(await underWay()).map((name) => [name, 0]));
    const isQuiet = async (): Promise<true | undefined> => Object.values(await underWay()).every((count) => count === 0) || undefined;
    await waitFor('nothing to be under way', isQuiet, patience).catch(async () => expect(await underWay()).toEqual(nothing));
    // And nobody's tunnels, which have places of their own.
    for (const tenant of tenants) {
      const close = policy.openTunnel(tenantRoute({ tenant }), stampRoute({}));
      expect(close).toBeInstanceOf(Function);
      (close as () => void)();
    }
    const counted = Object.values(await traffic.count('lapidary_router_requests_total')).reduce((sum, count) => sum + count, 0);
    expect(counted).toBeGreaterThanOrEqual(asked.filter(({ hasLeft }) => !hasLeft).length);
    expect(counted).toBeLessThanOrEqual(asked.length);
  });
});

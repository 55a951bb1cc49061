import { agentHealthPath } from '@lapidary/contracts/workload';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { patience, RouterProcess } from '../keeper/router-process.fixture.js';
import { RouterWorld } from '../router-world.fixture.js';
import { usualHealthChecks } from '../traffic-policy/doors/health-checks.js';

/** With one prober each, a door would see three in the first second. */
const workers = 3;
/** Enough fresh connections for each worker to have had some. */
const manyTimes = 60;
/** Checks are spread by as much to either side. */
const spread = 0.25;

let world: RouterWorld;
let one: RouterProcess;
let door: RawUpstream;
let probedAtMs: number[];
beforeEach(async () => {
  probedAtMs = [];
  door = await startRawUpstream((socket, soFar) => {
    if (!soFar.endsWith('\r\n\r\n')) return;
    if (soFar.includes(agentHealthPath)) probedAtMs.push(performance.now());
    socket.end(answerBytes('200 OK', ['Connection: close'], 'ok'));
  });
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp({ frontDoors: [door.url] }));
  await world.region.commit(world.tenant('acme'));
  one = await RouterProcess.start(world, { LAPIDARY_ROUTER_WORKERS: String(workers), LAPIDARY_ROUTER_LINKS: 'off' });
  await waitFor('the tenant', async () => (await one.ask('acme')) === '200' || undefined, patience);
});
afterEach(async () => {
  await one.clean();
  await world.end();
  await door.close();
});

it('a front door is probed by one worker of a process at a time, and at its pace (L4)', async () => {
  for (let i = 0; i < manyTimes; i += 1) expect(await one.ask('acme')).toBe('200');
  await waitFor('the third probe', () => probedAtMs[2], patience);
  // Two pauses of one worker. Of two workers it would be one pause; a busy machine may have told of the first probe late.
  expect(probedAtMs[2]! - probedAtMs[0]!).toBeGreaterThan(1.5 * usualHealthChecks.everyMs * (1 - spread));
});

it('when the worker that probes may be the one that died, another goes on', async () => {
  // Who has had no request for a stamp knows none of its doors.
  for (let i = 0; i < manyTimes; i += 1) expect(await one.ask('acme')).toBe('200');
  await waitFor('the first probe', () => probedAtMs[0], patience);
  await one.killWorkers('kill');
  await waitFor('its death', async () => (await one.metric(/^lapidary_router_worker_deaths_total (\d+)$/m)) === 1 || undefined, patience);
  const from = probedAtMs.length;
  await waitFor('another probe', () => probedAtMs[from], patience);
});

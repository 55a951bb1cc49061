import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { patience, RouterProcess } from '../keeper/router-process.fixture.js';
import { RouterWorld } from '../router-world.fixture.js';

const places = 4;
const workers = 2;
const document = LimitsDocumentSchema.parse({
  tiers: { standard: { priority: 0 } },
  stamps: { default: { inFlightMax: places, queueMax: 0, shedding: false } },
});

let world: RouterWorld;
let one: RouterProcess;
let door: RawUpstream;
/** Requests that the door has and has not answered. */
let held: Set<Socket>;
let mostHeld: number;
let isBroken: boolean;
let holds: boolean;
let brokenOff: number;
beforeEach(async () => {
  held = new Set();
  mostHeld = brokenOff = 0;
  isBroken = false;
  holds = true;
  door = await startRawUpstream((socket, soFar) => {
    if (!soFar.endsWith('\r\n\r\n')) return;
    const isRequest = soFar.includes('x-lapidary-tenant');
    if (isBroken) {
      if (isRequest) brokenOff += 1;
      return void socket.resetAndDestroy();
    }
    if (!isRequest || !soFar.includes('/hold') || !holds) return void answer(socket);
    held.add(socket);
    mostHeld = Math.max(mostHeld, held.size);
    socket.once('close', () => held.delete(socket));
  });
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp({ frontDoors: [door.url] }));
  await world.region.commit(world.tenant('acme'));
  world.serveLimits(document);
  one = await RouterProcess.start(world, { LAPIDARY_ROUTER_WORKERS: String(workers), LAPIDARY_ROUTER_LINKS: 'off' });
  await waitFor('the limits', async () => (await one.metric(/^lapidary_router_limits_version (-?\d+)$/m)) === 1 || undefined, patience);
  await waitFor('the tenant', async () => (await one.ask('acme')) === '200' || undefined, patience);
});
afterEach(async () => {
  await one.clean();
  await world.end();
  await door.close();
});

const answer = (socket: Socket): void => void socket.end(answerBytes('200 OK', ['Connection: close'], 'ok'));
const status = (): Promise<string> => one.ask('acme', '/hold');

/** Clients that want in until told, each on a connection of its own: all workers have some. What the door holds is not answered before. */
const crowd = (): { readonly statuses: Set<string>; stop(): Promise<unknown> } => {
  let going = true;
  const statuses = new Set<string>();
  const client = async (): Promise<void> => {
    while (going) {
      statuses.add(await status());
      await sleep(5);
    }
  };
  const all = Promise.all(Array.from({ length: 12 }, client));
  const stop = (): Promise<unknown> => {
    going = holds = false;
    held.forEach(answer);
    return all;
  };
  return { statuses, stop };
};

it('all workers together have at a stamp what its limit says; places of a worker that dies are free again (L1, L2)', async () => {
  const { statuses, stop } = crowd();
  await waitFor('every place to be taken', () => held.size === places || undefined, patience);
  await waitFor('others to be refused', () => statuses.has('503') || undefined, patience);
  expect(mostHeld).toBe(places);
  await one.killWorkers('kill');
  await waitFor('its death', async () => (await one.metric(/^lapidary_router_worker_deaths_total (\d+)$/m)) === 1 || undefined, patience);
  await waitFor('every place to be taken again', () => held.size === places || undefined, patience);
  await stop();
  const inFlight = new RegExp(`^lapidary_router_stamp_in_flight\\{stamp="${world.name}-1"\\} (\\d+)$`, 'm');
  await waitFor('no more than the places', async () => (await one.metric(inFlight)) <= places || undefined, patience);
});

it('a front door that breaks five requests off is let be by all workers, and tried by one at a time (L3)', async () => {
  isBroken = true;
  const began = performance.now();
  const answers: string[] = [];
  for (let i = 0; i < 40; i += 1) answers.push(await status());
  // Within its first rest. A slower machine has seen a probe or two more.
  const probes = Math.floor((performance.now() - began) / 1_000);
  expect(brokenOff).toBeGreaterThanOrEqual(5);
  expect(brokenOff).toBeLessThanOrEqual(5 + probes);
  expect(new Set(answers.slice(0, 5))).toEqual(new Set(['502']));
  expect(answers.at(-1)).toBe('503');
  isBroken = false;
  await waitFor('it to be used again', async () => (await one.ask('acme')) === '200' || undefined, patience);
  for (let i = 0; i < 20; i += 1) expect(await one.ask('acme')).toBe('200');
});

import { waitFor } from '@lapidary/kernel/wait-for';
import { proves } from '@lapidary/testing/proves';
import { startEcho, type EchoServer } from '@lapidary/stamp-sdk/link/link-echo.fixture';
import { noNats, RouterWorld } from '../router-world.fixture.js';
import { isTurnedAway, Load, type Asked } from './load.fixture.js';
import { patience, RouterProcess } from './router-process.fixture.js';

const workers = 2;
const links = 2 * workers;
const clients = { short: 4, keepAlive: 4 };
/** What a process works on at its death goes with it: one request of each client. */
const lostByOne = clients.short + clients.keepAlive;
const kills = 2;

/** A POST that is never asked twice, with a body of its own; the stamp says path and body back. */
const named = (number: number): ((close: boolean) => Asked) => {
  const path = `/only/${number}`;
  const body = `${number};`.repeat(number % 40 === 0 ? 4_000 : 3);
  return (close) => ({
    bytes: `POST ${path} HTTP/1.1\r\nHost: acme.lapidary.localhost\r\n${close ? 'Connection: close\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`,
    outcomeOf: (text) => {
      const head = text.slice(0, text.indexOf('\r\n\r\n') + 4);
      if (head.length < 4) return 'lost';
      if (head.startsWith('HTTP/1.1 503')) return isTurnedAway(text) ? 'turned_away' : 'lost';
      if (!head.startsWith('HTTP/1.1 200') || !head.includes(`x-echo: ${path}\r\n`)) return 'wrong';
      if (!text.endsWith('\r\n0\r\n\r\n')) return 'lost';
      const chunks = text.slice(head.length).split('\r\n');
      return chunks.filter((_, i) => i % 2 === 1).join('') === body ? 'answered' : 'wrong';
    },
  });
};

let world: RouterWorld;
let one: RouterProcess;
let stamp: EchoServer;
let asked: number;
beforeEach(async () => {
  asked = 0;
  stamp = await startEcho();
  world = await RouterWorld.begin();
  await world.region.commit(world.stamp({ frontDoors: [`http://127.0.0.1:${stamp.port}`] }));
  await world.region.commit(world.tenant('acme'));
  await start();
});
afterEach(async () => {
  await one.clean();
  await world.end();
  await stamp.close();
});

const start = async (more: Record<string, string> = {}): Promise<void> => {
  one = await RouterProcess.start(world, { LAPIDARY_ROUTER_WORKERS: String(workers), ...more });
  await serves();
};
const serves = (): Promise<unknown> => waitFor('an answer', async () => (await one.ask('acme')) === '200' || undefined, patience);
const begin = (): Load => new Load({ port: one.port, ...clients, asks: (close) => named((asked += 1))(close) });
const busy = (load: Load, more = 150): Promise<unknown> => {
  const from = load.outcomes.answered;
  return waitFor('more answers', () => load.outcomes.answered > from + more || undefined, patience);
};
/** How often the stamp was asked for each. */
const doubles = (): string[] => {
  const times = new Map<string, number>();
  const lines = [...stamp.plain, ...stamp.seen.map((head) => head.split(' HTTP/')[0]!)];
  for (const line of lines) if (line.startsWith('POST ')) times.set(line, (times.get(line) ?? 0) + 1);
  return [...times].filter(([, count]) => count > 1).map(([line]) => line);
};
const leader = (): number => one.logged.filter(({ msg }) => msg === 'router leads').at(-1)!.pid!;
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const isGone = (pid: number): Promise<unknown> => waitFor('its process to be gone', () => !isAlive(pid) || undefined, patience);

/** Nothing is left of what was under way, at either end. */
const nothingStuck = async (): Promise<void> => {
  const is = (name: string, wanted: (value: number) => boolean): Promise<unknown> =>
    waitFor(name, async () => wanted(await one.metric(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'm'))) || undefined, patience);
  await is('lapidary_router_in_flight', (value) => value === 0);
  await is('lapidary_router_stamp_in_flight', (value) => value === 0);
  await is('lapidary_router_stamp_waiting', (value) => value === 0);
  await is('lapidary_router_link_streams', (value) => value === 0);
  await is('lapidary_router_workers', (value) => value === workers);
  await waitFor(
    'links of the dead to be gone',
    () => stamp.sockets.filter((socket) => !socket.destroyed).length <= links || undefined,
    patience,
  );
  for (const end of stamp.ends) expect(end.isClosed ? 0 : end.streamCount).toBe(0);
};

describe('a router under load, killed (K1, K4, K6, W1)', () => {
  it('a worker, many times: others serve meanwhile, nobody gets another’s answer, nothing is asked twice, and nothing stays', async () => {
    const load = begin();
    const deaths = (): Promise<number> => one.metric(/^lapidary_router_worker_deaths_total (\d+)$/m);
    for (let i = 1; i <= kills; i += 1) {
      await busy(load);
      await one.killWorkers('kill');
      await waitFor('its death', async () => (await deaths()) === i || undefined, patience);
    }
    await busy(load);
    const { lost, refused, wrong } = await load.stop();
    expect({ refused, wrong, doubles: doubles() }).toEqual({ refused: 0, wrong: 0, doubles: [] });
    expect(lost).toBeLessThanOrEqual(kills * lostByOne);
    await nothingStuck();
  });

  it(
    proves('its process, many times: connections wait for the next one, no answer is wrong, nothing is asked twice, and nothing stays', {
      operation: 'route',
      failure: 'router-killed',
      outcome: 'recovers',
    }),
    async () => {
      const load = begin();
      for (let i = 0; i < kills; i += 1) {
        await busy(load);
        const pid = leader();
        process.kill(pid, 'SIGKILL');
        await waitFor('another one', () => leader() !== pid || undefined, patience);
      }
      await busy(load);
      const { lost, refused, wrong } = await load.stop();
      expect({ refused, wrong, doubles: doubles() }).toEqual({ refused: 0, wrong: 0, doubles: [] });
      expect(lost).toBeLessThanOrEqual(kills * lostByOne);
      await nothingStuck();
    },
  );

  it('its keeper: what is under way is answered, the port is free, and another router begins there', async () => {
    const load = begin();
    await busy(load);
    const [pid, port] = [leader(), one.port];
    await one.end('SIGKILL');
    await isGone(pid);
    const { lost, wrong } = await load.stop();
    expect({ lost, losses: load.losses, wrong, doubles: doubles() }).toEqual({ lost: 0, losses: [], wrong: 0, doubles: [] });
    await one.clean();
    await start({ LAPIDARY_HTTP_PORT: String(port) });
    await busyAnew();
  });

  it('all of it at once: the port is free, and with NATS away another one serves from the copy on disk (I7)', async () => {
    await waitFor(
      'a copy',
      async () => (await one.metric(/^lapidary_router_disk_copies_total\{outcome="written"\} (\d+)$/m)) > 0 || undefined,
      patience,
    );
    const load = begin();
    await busy(load);
    const [pid, port] = [leader(), one.port];
    one.child.kill('SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await one.end('SIGKILL');
    const { lost, wrong } = await load.stop();
    expect({ wrong, doubles: doubles() }).toEqual({ wrong: 0, doubles: [] });
    expect(lost).toBeLessThanOrEqual(lostByOne);
    await one.clean();
    await start({ LAPIDARY_HTTP_PORT: String(port), LAPIDARY_NATS_URL: noNats });
    await busyAnew();
  });
});

const busyAnew = async (): Promise<void> => {
  const load = begin();
  await busy(load);
  expect(await load.stop()).toMatchObject({ lost: 0, refused: 0, wrong: 0 });
  expect(doubles()).toEqual([]);
  await nothingStuck();
};

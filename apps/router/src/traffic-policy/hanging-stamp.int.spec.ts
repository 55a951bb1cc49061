import { Agent, createServer, request, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { closeServer, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { startTraffic, type TestTraffic } from '../traffic.fixture.js';
import { HealthChecks } from './doors/health-checks.js';
import { refusalsPerSecond, refusalTickMs } from './refusal-turns.js';
import { RouterPolicy } from './router-policy.js';

/** As in production but for the time that a hanging stamp is waited for: the longer, the more would pile up. */
const timeouts = { connectMs: 2_000, headMs: 20_000, idleMs: 20_000 };
const places = 64;
const queue = 16;
const document = LimitsDocumentSchema.parse({
  stamps: { default: { inFlightMax: places, queueMax: queue, queueWaitMs: 50, tenantInFlightMax: 1_000 } },
});

const stuckClients = 400;
/** Refusals take turns: a thread that has no time answers those of two ticks in one, and the next comes when the thread has time again. */
const turnsAhead = stuckClients / ((refusalsPerSecond / 1_000) * 2 * refusalTickMs);

/** Far shorter than Retry-After. */
const refusedPauseMs = 25;

interface Answered {
  readonly status: number;
  readonly ms: number;
}

/** Real clients on a pool of real connections. */
class Clients {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 600 });

  constructor(private readonly port: number) {}

  ask(tenant: string, patienceMs = 10_000): Promise<Answered> {
    const startedMs = performance.now();
    return new Promise((resolve) => {
      const done = (status: number): void => resolve({ status, ms: performance.now() - startedMs });
      const asking = request({ port: this.port, path: `/t/${tenant}/`, agent: this.agent, headers: { host: 'router' } }, (answer) => {
        answer.resume().on('end', () => done(answer.statusCode ?? 0));
      });
      asking.setTimeout(patienceMs, () => asking.destroy());
      asking.on('error', () => done(0)).end();
    });
  }

  /** One after the other on each of so many connections, for so long. */
  async load(tenant: string, connections: number, ms: number): Promise<Answered[]> {
    const untilMs = performance.now() + ms;
    const one = async (): Promise<Answered[]> => {
      const answers: Answered[] = [];
      while (performance.now() < untilMs) {
        const answered = await this.ask(tenant);
        answers.push(answered);
        // A client that comes back at once with no pause at all is a load test of this machine, not of the router.
        if (answered.status === 503) await sleep(refusedPauseMs);
      }
      return answers;
    };
    return (await Promise.all(Array.from({ length: connections }, one))).flat();
  }

  close(): void {
    this.agent.destroy();
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is held: garbage that nobody came to collect yet says how busy the machine is, not what the router keeps. */
const heldBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

const p99 = (answers: readonly Answered[]): number => answers.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(answers.length * 0.99)]!;

describe('one stamp that hangs (P-BH1)', () => {
  const servers: Server[] = [];
  let traffic: TestTraffic;
  let policy: RouterPolicy;
  let clients: Clients;
  let hung = 0;

  const serve = async (handler: Parameters<typeof createServer>[1]): Promise<string> => {
    const server = createServer(handler);
    servers.push(server);
    return `http://127.0.0.1:${await listen(server)}`;
  };

  beforeEach(async () => {
    policy = new RouterPolicy({ router: 'r1' });
    policy.limitBy(document);
    const well = await serve((_, response) => void response.end('ok'));
    hung = 0;
    const hanging = await serve(() => void (hung += 1));
    traffic = await startTraffic([well], { timeouts, policy });
    traffic.stamp({ stamp: 'eu-2', frontDoors: [hanging] });
    traffic.route({ tenant: 'stuck', stamp: 'eu-2' });
    clients = new Clients(traffic.port);
  });

  afterEach(async () => {
    clients.close();
    await traffic.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await closeServer(server);
    }
  });

  it('costs the others nothing: all are answered as fast as before, and what it holds is bounded', async () => {
    // Connections of their own, which are there before: a new one is behind all that the stuck open at that moment.
    const others = new Clients(traffic.port);
    const before = await others.load('acme', 8, 1_500);
    const stuck = Array.from({ length: stuckClients }, () => clients.ask('stuck'));
    await waitFor('the hanging stamp to hold all it may', () => hung >= places * 0.9 - 1 || undefined, { timeoutMs: 5_000, intervalMs: 5 });
    const heldBefore = heldBytes();
    // A router beside it that knows of no hanging stamp: what both feel is the machine.
    const calmPolicy = new RouterPolicy({ router: 'r2' });
    calmPolicy.limitBy(document);
    const calm = await startTraffic([await serve((_, response) => void response.end('ok'))], { timeouts, policy: calmPolicy });
    const calmClients = new Clients(calm.port);
    const more = clients.load('stuck', 20, 2_500);
    const [answers, beside] = await Promise.all([others.load('acme', 8, 3_000), calmClients.load('acme', 8, 3_000)]);
    others.close();
    calmClients.close();
    await calm.close();

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    // One slow wake-up of this machine is not the router's: a hanging stamp that is felt costs seconds, and the other router nothing.
    expect(p99(answers)).toBeLessThanOrEqual(Math.max(p99(before) * 3 + 250, p99(beside) * 3));
    const { compartment } = policy.stamps.get('eu-2')!;
    expect(compartment.inFlight).toBeLessThanOrEqual(places);
    expect(compartment.waiting).toBeLessThanOrEqual(queue);
    expect(hung).toBeLessThanOrEqual(places);
    expect(heldBytes() - heldBefore).toBeLessThan(64 * 1024 * 1024);
    // Those beyond its places are refused at once, with Retry-After, and not after the stamp's time-out.
    const answered = await more;
    const refused = answered.filter(({ status }) => status === 503);
    // Each connection is answered, how often is a matter of the machine, and of refusals taking turns (ADR 50). On a machine that stood still for
    // as long as the stamp is waited for, some get a place that the stuck gave back, and then their client gives up.
    expect(answered.length).toBeGreaterThanOrEqual(20);
    expect(refused.length).toBeGreaterThan(0);
    expect(answered.filter(({ status }) => ![503, 504, 0].includes(status))).toEqual([]);
    // Where those beside wait for the machine, so does each turn of the refusals; never as long as the stamp's time-out.
    const starvedMs = 2 * turnsAhead * p99(beside);
    expect(p99(refused)).toBeLessThan(Math.min(timeouts.headMs, Math.max(timeouts.headMs / 4, starvedMs)));
    clients.close();
    await Promise.all(stuck);
  });

  it('of two front doors one hangs: its stamp goes on by the other, within milliseconds', async () => {
    const [hangingDoor] = [await serve((request) => void (request.url?.includes('_lapidary') === true ? undefined : (hung += 1)))];
    const wellDoor = await serve((_, response) => void response.end('ok'));
    traffic.stamp({ stamp: 'eu-3', frontDoors: [hangingDoor, wellDoor] });
    traffic.route({ tenant: 'half', stamp: 'eu-3' });
    // The least busy door is chosen: it takes many at once until some meet the one that hangs.
    const stuck: Promise<Answered>[] = [];
    const many = (): void => void stuck.push(...Array.from({ length: 12 }, () => clients.ask('half', 6_000)));
    await waitFor('three to hang', () => (hung < 3 ? void many() : true), { timeoutMs: 5_000, intervalMs: 20 });
    await waitFor(
      'the door to be passed over',
      () => policy.stamps.get('eu-3')!.doors.door(hangingDoor)!.hangs(performance.now()) || undefined,
      {
        timeoutMs: 1_000,
        intervalMs: 5,
      },
    );
    const answers = await clients.load('half', 4, 1_000);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await Promise.all(stuck);
  });

  it('a door that was given up is found again by its health check, before its rest is over', async () => {
    let up = false;
    const door = await serve((request, response) => {
      if (!up) return void request.socket.destroy();
      response.end('ok');
    });
    traffic.stamp({ stamp: 'eu-4', frontDoors: [door] });
    traffic.route({ tenant: 'back', stamp: 'eu-4' });
    const breaker = () => policy.stamps.get('eu-4')!.doors.door(door)!.breaker;
    for (let i = 0; i < 5; i += 1) expect((await clients.ask('back')).status).toBe(502);
    expect((await clients.ask('back')).status).toBe(503);
    // Rests that would last for half a minute.
    while (breaker().waitMs(performance.now()) < 20_000) {
      await waitFor('the rest to end', () => breaker().waitMs(performance.now()) === 0 || undefined, { timeoutMs: 9_000, intervalMs: 1 });
      await clients.ask('back');
      if (breaker().waitMs(performance.now()) > 3_000) break;
    }
    const restMs = breaker().waitMs(performance.now());
    up = true;
    const checks = new HealthChecks(() => policy.stamps.get('eu-4')!.doors.all, { everyMs: 100, everyMsIll: 50, answerMs: 500 });
    checks.start();
    const startedMs = performance.now();
    await waitFor('the door to be used again', async () => (await clients.ask('back')).status === 200 || undefined, {
      timeoutMs: 3_000,
      intervalMs: 10,
    });
    checks.stop();
    expect(performance.now() - startedMs).toBeLessThan(restMs);
  });
});

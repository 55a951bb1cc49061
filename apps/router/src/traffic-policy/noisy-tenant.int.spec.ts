import { connect, type Socket } from 'node:net';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { onBothPaths, requestBytes, startTraffic, TestDoors, type TestTraffic } from '../traffic.fixture.js';
import { refusalTickMs, RefusalTurns } from './refusal-turns.js';
import { RouterPolicy } from './router-policy.js';

const noisyPerSecond = 20;
const document = LimitsDocumentSchema.parse({
  tenants: { noisy: { limits: [{ kind: 'token_bucket', perSecond: noisyPerSecond, burst: noisyPerSecond }] } },
  stamps: { default: { inFlightMax: 500, tenantInFlightMax: 500, doorInUseMax: 500 } },
});
const timeouts = { connectMs: 5_000, headMs: 20_000, idleMs: 20_000 };

const quickly = { timeoutMs: 60_000, intervalMs: 2 };

/** Connections of one tenant, each of which asks again the moment it has its answer. */
class Asking {
  readonly answers: Record<string, number> = {};
  private readonly sockets: Socket[] = [];
  private left: number;
  readonly done: Promise<void>;

  constructor(port: number, tenant: string, connections: number, requests = Infinity, ends = false) {
    this.left = requests;
    const request = requestBytes('GET', '/', [`Host: ${tenant}.lapidary.localhost`, ...(ends ? ['Connection: close'] : [])]);
    const one = (resolve: () => void): void => {
      if (this.left <= 0) return resolve();
      this.left -= 1;
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(request));
      this.sockets.push(socket);
      socket.setEncoding('latin1').on('data', (data: string) => {
        text += data;
        const head = text.indexOf('\r\n\r\n');
        if (head < 0 || text.length < head + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1])) return;
        const status = text.slice(9, 12);
        this.answers[status] = (this.answers[status] ?? 0) + 1;
        text = '';
        if (ends) return;
        if (this.left <= 0) return resolve();
        this.left -= 1;
        socket.write(request);
      });
      socket.on('error', () => undefined).on('close', () => (ends && !this.isStopped ? one(resolve) : resolve()));
    };
    this.done = Promise.all(Array.from({ length: connections }, () => new Promise<void>(one))).then(() => undefined);
  }

  private isStopped = false;

  stop(): void {
    this.isStopped = true;
    this.left = 0;
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Its clock stands, and its burst is used up: one passes in each tick however many wait. A slow machine can't hide behind the rate. */
const standing = (): RefusalTurns => {
  const report = (error: unknown): void => {
    throw error;
  };
  const turns = new RefusalTurns(report, () => 0);
  while (turns.mayAnswer());
  return turns;
};
const mostRefused = (seconds: number): number => 1 + (seconds * 1000) / refusalTickMs;

onBothPaths(() => {
  const doors = new TestDoors();
  let traffic: TestTraffic;
  let noisy: Asking;
  const start = async (): Promise<void> => {
    const door = await doors.raw((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n')) socket.write(answerBytes('200 OK', [], 'ok'));
    });
    const policy = new RouterPolicy();
    policy.limitBy(document);
    traffic = await startTraffic([door.url], { timeouts, policy, refusals: standing() });
    traffic.route({ tenant: 'noisy' });
  };
  const waiting = async (): Promise<number> => (await traffic.metrics.lapidary_router_refusals_waiting.get()).values[0]!.value;
  const noiseWaits = (): Promise<unknown> => waitFor('noise to wait', async () => (await waiting()) >= 10 || undefined, quickly);
  afterEach(async () => {
    noisy.stop();
    await traffic.close();
    await doors.close();
  });

  describe('a tenant that is refused and comes back at once, on many connections (P-TH1)', () => {
    it.each([
      ['on the same ones', false],
      ['on a new one each time', true],
    ])('%s: the others have no error, and it is answered no more than its bound', async (_, ends) => {
      await start();
      const startedMs = performance.now();
      noisy = new Asking(traffic.port, 'noisy', 100, Infinity, ends);
      await noiseWaits();
      const others = new Asking(traffic.port, 'acme', 8, 800);
      await others.done;
      const seconds = (performance.now() - startedMs) / 1000;
      const { '429': refused = 0, '200': served = 0 } = noisy.answers;
      expect(others.answers).toEqual({ '200': 800 });
      expect(served).toBeLessThanOrEqual(noisyPerSecond * (seconds + 1) + 1);
      expect(refused).toBeGreaterThan(0);
      expect(refused).toBeLessThanOrEqual(mostRefused(seconds));
    });

    it('another tenant’s refusal waits for its turn only, not for all of these', async () => {
      await start();
      noisy = new Asking(traffic.port, 'noisy', 100);
      await noiseWaits();
      traffic.route({ tenant: 'quiet', status: 'suspended' });
      // The fewest of some: while a busy machine brings the question, others have their turns.
      let fewest = Infinity;
      for (let i = 0; i < 5; i += 1) {
        const before = noisy.answers['429'] ?? 0;
        const quiet = new Asking(traffic.port, 'quiet', 1, 1);
        await quiet.done;
        expect(quiet.answers).toEqual({ '503': 1 });
        fewest = Math.min(fewest, (noisy.answers['429'] ?? 0) - before);
      }
      expect(fewest).toBeLessThan(50);
    });

    it('one that leaves while its answer waits is forgotten, and a router that leaves lets nobody wait', async () => {
      await start();
      noisy = new Asking(traffic.port, 'noisy', 100);
      await noiseWaits();
      noisy.stop();
      await waitFor('nobody to wait', async () => (await waiting()) === 0 || undefined, quickly);
      noisy = new Asking(traffic.port, 'noisy', 100);
      await noiseWaits();
      traffic.server.leave();
      expect(await waiting()).toBe(0);
      await noisy.done;
    });
  });
});

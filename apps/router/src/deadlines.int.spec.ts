import { connect, type Socket } from 'node:net';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { RouterPolicy } from './traffic-policy/router-policy.js';
import {
  onBothPaths,
  onPath,
  patientPolicy,
  problemOf,
  requestBytes,
  startTraffic,
  TestDoors,
  type TestTraffic,
} from './traffic.fixture.js';

/** Far longer than any request here is given: what ends one early is its own deadline. */
const timeouts = { connectMs: 20_000, headMs: 20_000, idleMs: 20_000 };
const givenSeconds = 0.4;
/** The wheel's two ticks, and a machine that is busy with other things. */
const lateMs = 4_000;
const soon = { timeoutMs: 60_000, intervalMs: 5 };

/** A client that goes on sending or reading as it likes. */
class Client {
  text = '';
  closed = false;
  readonly socket: Socket;
  readonly startedMs = performance.now();

  constructor(port: number, bytes: string) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => (this.text += chunk.toString('latin1')));
    this.socket.on('error', () => undefined).on('close', () => (this.closed = true));
    this.socket.write(bytes, 'latin1');
  }

  get ageMs(): number {
    return performance.now() - this.startedMs;
  }

  until(what: string, check: () => boolean): Promise<unknown> {
    return waitFor(what, () => check() || undefined, soon);
  }
}

/** Calls until its target takes no more. */
const drip = (target: Socket, text: string, everyMs = 20): void => {
  const timer = setInterval(() => void target.write(text), everyMs);
  target.once('close', () => clearInterval(timer));
};

let traffic: TestTraffic;
const doors = new TestDoors();
const clients: Client[] = [];
const client = (bytes: string): Client => {
  const made = new Client(traffic.port, bytes);
  clients.push(made);
  return made;
};
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await traffic.close();
  await doors.close();
});

const start = async (onRequest: Parameters<TestDoors['raw']>[0], policy = patientPolicy(givenSeconds)): Promise<void> => {
  const door = await doors.raw(onRequest);
  traffic = await startTraffic([door.url], { timeouts, policy });
};

const overdue = async (): Promise<Record<string, number>> => {
  const { values } = await traffic.metrics.lapidary_router_deadlines_total.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels['phase']), value]));
};

onBothPaths(() => {
  describe('a request whose time is over (D1)', () => {
    it('without an answer: 504, and nothing stays under way', async () => {
      await start(() => undefined);
      const asking = client(requestBytes('GET'));
      await asking.until('the answer', () => asking.text.endsWith('}'));
      expect([asking.text.slice(0, 12), problemOf(asking.text).code]).toEqual(['HTTP/1.1 504', 'timeout']);
      expect(asking.ageMs).toBeGreaterThan(givenSeconds * 1000 - 5);
      expect(asking.ageMs).toBeLessThan(givenSeconds * 1000 + lateMs);
      expect(await overdue()).toEqual({ waiting: 1 });
      expect(traffic.server.inFlight.size).toBe(0);
    });

    it('with a body that comes by a byte now and then: 408', async () => {
      await start(() => undefined);
      const asking = client(requestBytes('POST', '/', ['Content-Length: 100000']));
      drip(asking.socket, 'x');
      await asking.until('the answer', () => asking.text.includes('}'));
      expect(asking.text).toMatch(/^HTTP\/1.1 408/);
    });

    it('with an answer that comes by a byte now and then: cut, so that the client can tell', async () => {
      await start((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
        drip(socket, 'x');
      });
      const asking = client(requestBytes('GET'));
      await asking.until('the cut', () => asking.closed);
      expect(asking.text).toMatch(/^HTTP\/1.1 200[^]*\r\n\r\nx+$/);
      expect(await overdue()).toEqual({ answering: 1 });
    });

    it('while it waits for a place: 504 then, not when the queue would let it go', async () => {
      const policy = new RouterPolicy({ router: 'r1' });
      const stamp = { inFlightMax: 8, queueMax: 5, queueWaitMs: 10_000, requestSecondsMax: givenSeconds };
      policy.limitBy(LimitsDocumentSchema.parse({ tiers: { standard: { priority: 0 } }, stamps: { default: stamp } }));
      await start(() => undefined, policy);
      const all = Array.from({ length: 10 }, () => client(requestBytes('GET')));
      for (const asking of all) await asking.until('the answer', () => asking.text.endsWith('}'));
      // Eight time-outs open the door's breaker: who gets a place in that very moment is told so.
      all.forEach(({ text }, i) => expect(text).toMatch(i < 8 ? /^HTTP\/1.1 504/ : /^HTTP\/1.1 50[34]/));
      expect(performance.now() - all[0]!.startedMs).toBeLessThan(givenSeconds * 1000 + lateMs);
      const { compartment } = policy.stamps.get('eu-1')!;
      await waitFor('all places to be free', () => compartment.inFlight + compartment.waiting === 0 || undefined, soon);
    });

    it('with a client that does not read what comes: cut, however much the stamp has to say', async () => {
      const line = `${(16_000).toString(16)}\r\n${'x'.repeat(16_000)}\r\n`;
      await start(
        (socket) => {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
          drip(socket, line, 1);
        },
        patientPolicy(givenSeconds, 1_000_000_000),
      );
      const asking = client(requestBytes('GET'));
      asking.socket.pause();
      await waitFor('the cut', async () => (await overdue())['answering'] === 1 || undefined, soon);
      await waitFor('the end', () => traffic.server.inFlight.size === 0 || undefined, soon);
    });
  });

  describe('what goes on is not cut (D2)', () => {
    const timesGiven = 3;
    const untilMs = timesGiven * givenSeconds * 1000;

    it('a download of many times that long', async () => {
      const piece = 'x'.repeat(4_000);
      let sent = 0;
      await start((socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n`);
        const timer = setInterval(() => {
          socket.write(piece);
          if ((sent += piece.length) === 400_000) clearInterval(timer);
        }, 15);
      });
      const asking = client(requestBytes('GET'));
      await asking.until(
        'the end',
        () => asking.text.endsWith('x') && asking.text.length - asking.text.indexOf('\r\n\r\n') - 4 === 400_000,
      );
      expect(asking.ageMs).toBeGreaterThan(untilMs);
      expect(await overdue()).toEqual({});
    });

    it('an upload of many times that long', async () => {
      await start((socket, soFar) => {
        if (soFar.length - soFar.indexOf('\r\n\r\n') - 4 === 400_000) socket.write(answerBytes('200 OK', [], 'whole'));
      });
      const asking = client(requestBytes('POST', '/', ['Content-Length: 400000']));
      let sent = 0;
      const timer = setInterval(() => {
        asking.socket.write('x'.repeat(4_000));
        if ((sent += 4_000) === 400_000) clearInterval(timer);
      }, 15);
      await asking.until('the answer', () => asking.text.endsWith('whole'));
      expect(asking.ageMs).toBeGreaterThan(untilMs);
      expect(await overdue()).toEqual({});
    });

    it('a stream of events, however little it says', async () => {
      await start((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
        drip(socket, '2\r\n:\n\r\n', 100);
      });
      const asking = client(requestBytes('GET'));
      await asking.until('a long time', () => asking.closed || asking.ageMs > untilMs);
      const heard = asking.text.length;
      await asking.until('more', () => asking.closed || asking.text.length > heard);
      expect(asking.closed).toBe(false);
    });

    it('a WebSocket, however still', async () => {
      await start((socket, soFar) => {
        if (soFar.endsWith('ping')) socket.write('pong');
        else if (soFar.endsWith('\r\n\r\n'))
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      });
      const handshake = (): Client => client(requestBytes('GET', '/', ['Connection: Upgrade', 'Upgrade: websocket']));
      const answered = (of: Client): Promise<unknown> => of.until('an answer', () => of.text.includes('\r\n\r\n'));
      let asking = handshake();
      for (await answered(asking); asking.text.includes(' 504 '); await answered(asking)) {
        // Where the machine stood still, the handshake had all of its time.
        expect(asking.ageMs).toBeGreaterThan(givenSeconds * 1000 - 5);
        asking = handshake();
      }
      const before = await overdue();
      await asking.until('a long time', () => asking.closed || asking.ageMs > untilMs);
      asking.socket.write('ping');
      await asking.until('the echo', () => asking.closed || asking.text.endsWith('pong'));
      expect([asking.closed, await overdue()]).toEqual([false, before]);
    });
  });

  it('the next request of the connection has all of its own time', async () => {
    const givenMs = givenSeconds * 1000;
    await start((socket) => void setTimeout(() => socket.write(answerBytes('200 OK', [], 'answer')), givenMs / 4));
    let asking = client('');
    while (asking.ageMs < 2 * givenMs) {
      const [heard, askedMs] = [asking.text.length, performance.now()];
      asking.socket.write(requestBytes('GET'));
      const answer = await waitFor('the answer', () => /(?:answer|})$/.exec(asking.text.slice(heard))?.[0], soon);
      if (answer === 'answer') continue;
      // Where the machine stood still, a request had all of its time, and the connection is over.
      expect(asking.text).toContain(' 504 ');
      expect(performance.now() - askedMs).toBeGreaterThan(givenMs - 5);
      asking = client('');
    }
  });
});

onPath('fast', () => {
  it('time is counted from the first byte of a head', async () => {
    await start(() => undefined, patientPolicy(1.5));
    // The quickest of some: from the end of its head, each would have a second and a half.
    let quickestMs = Infinity;
    for (let i = 0; i < 5 && quickestMs >= 1_400; i += 1) {
      const asking = client('G');
      await asking.until('a while', () => asking.ageMs > 1_000);
      const wholeMs = performance.now();
      asking.socket.write(requestBytes('GET').slice(1));
      await asking.until('the answer', () => asking.text.endsWith('}'));
      expect(asking.text).toMatch(/^HTTP\/1.1 (504|408)/);
      if (asking.text.startsWith('HTTP/1.1 504')) quickestMs = Math.min(quickestMs, performance.now() - wholeMs);
    }
    expect(quickestMs).toBeLessThan(1_400);
  });
});

it('a tenant’s own word goes before its stamp’s', async () => {
  const policy = new RouterPolicy({ router: 'r1' });
  const document = { tenants: { acme: { requestSecondsMax: givenSeconds } }, stamps: { default: { requestSecondsMax: 600 } } };
  policy.limitBy(LimitsDocumentSchema.parse(document));
  await start(() => undefined, policy);
  traffic.route({ tenant: 'beta' });
  const other = client(requestBytes('GET', '/', ['Host: beta.lapidary.localhost']));
  expect(await exchangeBytes(traffic.port, requestBytes('GET'), /}$/)).toMatch(/^HTTP\/1.1 504/);
  expect(other.text).toBe('');
});

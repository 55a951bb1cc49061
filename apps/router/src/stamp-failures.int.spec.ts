import { createServer as createNetServer, type Socket } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, closeServer, exchangeBytes, listen, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import {
  isWhole,
  misdirected,
  problemOf,
  requestBytes,
  startTraffic,
  TestDoors,
  type TestTraffic,
  onBothPaths,
} from './traffic.fixture.js';
import { RefusalTurns } from './traffic-policy/refusal-turns.js';

const epochsOf = (upstream: RawUpstream): string[] =>
  [...upstream.received.join('').matchAll(/x-lapidary-epoch: (\d+)/g)].map((m) => m[1]!);

onBothPaths(() => {
  let traffic: TestTraffic;
  const doors = new TestDoors();
  afterEach(async () => {
    await traffic.close();
    await doors.close();
  });

  describe('a stamp that does not hold the tenant (421)', () => {
    it.each([
      ['GET', ''],
      ['POST', 'x'.repeat(30_000)],
    ])('the entry is fetched again, and %s is repeated whole at the new stamp with the new epoch (I4)', async (method, body) => {
      const old = await doors.answering(() => misdirected);
      const now = await doors.answering((_, request) =>
        answerBytes('200 OK', [], `got ${request.length - request.indexOf('\r\n\r\n') - 4}`),
      );
      traffic = await startTraffic([old.url]);
      traffic.stamp({ stamp: 'eu-2', frontDoors: [now.url] });
      traffic.onRefresh = () => traffic.route({ stamp: 'eu-2', epoch: 2 });
      const text = await exchangeBytes(traffic.port, requestBytes(method, '/', [], body), /got \d+$/);
      expect(text).toMatch(new RegExp(`^HTTP/1.1 200[^]*got ${body.length}$`));
      expect(traffic.refreshed).toEqual(['acme']);
      expect([epochsOf(old), epochsOf(now)]).toEqual([['1'], ['2']]);
      expect(await traffic.count('lapidary_router_retries_total')).toEqual({ look_up_again: 1 });
    });

    it('twice: the second refusal goes to the client', async () => {
      const door = await doors.answering(() => misdirected);
      traffic = await startTraffic([door.url]);
      expect(await exchangeBytes(traffic.port, requestBytes('GET'), /no$/)).toMatch(/^HTTP\/1.1 421/);
      expect(epochsOf(door)).toEqual(['1', '1']);
    });

    it('then 200 with nothing new in the directory: the stamp was just being told', async () => {
      const door = await doors.answering((count) => (count === 0 ? misdirected : answerBytes('200 OK', [], 'ok')));
      traffic = await startTraffic([door.url]);
      expect(await exchangeBytes(traffic.port, requestBytes('GET'), /ok$/)).toMatch(/^HTTP\/1.1 200/);
    });

    it('after more of the body than is kept: not repeated', async () => {
      const door = await doors.answering(() => misdirected);
      traffic = await startTraffic([door.url]);
      expect(await exchangeBytes(traffic.port, requestBytes('POST', '/', [], 'x'.repeat(200_000)), /no$/)).toMatch(/^HTTP\/1.1 421/);
      expect(epochsOf(door)).toEqual(['1']);
    });

    it('and gone since, while refusals wait for their turn: so does this one', async () => {
      const refusals = new RefusalTurns(() => undefined);
      while (refusals.mayAnswer());
      const told: number[] = [];
      const first = { onTurn: () => void told.push(performance.now()) };
      const door = await doors.answering(() => misdirected);
      traffic = await startTraffic([door.url], { refusals });
      traffic.onRefresh = () => {
        traffic.route({ status: 'suspended' });
        refusals.wait('beta', first);
      };
      expect(problemOf(await exchangeBytes(traffic.port, requestBytes('GET'), /}$/))).toMatchObject({ code: 'tenant_suspended' });
      expect(told).toHaveLength(1);
    });

    it('and gone since: answered as the directory says now', async () => {
      const door = await doors.answering(() => misdirected);
      traffic = await startTraffic([door.url]);
      traffic.onRefresh = () => traffic.route({ status: 'suspended' });
      expect(problemOf(await exchangeBytes(traffic.port, requestBytes('GET'), /}$/))).toMatchObject({ code: 'tenant_suspended' });
    });

    it('a workload’s own 421 is none of ours: it passes, once', async () => {
      const door = await doors.answering(() => answerBytes('421 Misdirected Request', [], 'own'));
      traffic = await startTraffic([door.url]);
      expect(await exchangeBytes(traffic.port, requestBytes('GET'), /own$/)).toMatch(/^HTTP\/1.1 421/);
      expect(traffic.refreshed).toEqual([]);
    });
  });

  describe('a stamp that fails', () => {
    it('one front door refuses connections: the other one serves, POST with body too, and the dead one is passed over', async () => {
      const dead = createNetServer();
      const deadUrl = `http://127.0.0.1:${await listen(dead)}`;
      await closeServer(dead);
      const door = await doors.answering(() => answerBytes('200 OK', [], 'ok'));
      traffic = await startTraffic([deadUrl, door.url]);
      for (let i = 0; i < 4; i += 1)
        expect(await exchangeBytes(traffic.port, requestBytes('POST', '/', [], 'hello'), /ok$/)).toMatch(/^HTTP\/1.1 200/);
      expect(await traffic.count('lapidary_router_retries_total')).toEqual({ other_door: 1 });
    });

    it('all front doors refuse: 502 with its code', async () => {
      traffic = await startTraffic(['http://127.0.0.1:1']);
      const text = await exchangeBytes(traffic.port, requestBytes('GET'), /}$/);
      expect(text).toMatch(/^HTTP\/1.1 502[^]*x-lapidary-error: stamp_bad_answer\r\n/);
      expect(problemOf(text)).toMatchObject({ code: 'stamp_bad_answer' });
    });

    it('it hangs: 504, not repeated', async () => {
      const door = await doors.raw(() => undefined);
      traffic = await startTraffic([door.url]);
      expect(problemOf(await exchangeBytes(traffic.port, requestBytes('GET'), /}$/))).toMatchObject({ code: 'timeout', status: 504 });
      expect(epochsOf(door)).toHaveLength(1);
    });

    it('it resets before its answer: 502, and a POST is not done twice', async () => {
      const door = await doors.raw((socket) => socket.resetAndDestroy());
      traffic = await startTraffic([door.url]);
      expect(problemOf(await exchangeBytes(traffic.port, requestBytes('POST', '/', [], 'x'), /}$/))).toMatchObject({
        code: 'stamp_bad_answer',
      });
      expect(epochsOf(door)).toHaveLength(1);
    });

    it.each([
      ['GET', /^HTTP\/1.1 200/],
      ['POST', /^HTTP\/1.1 502/],
    ])('it closes an idle connection as we use it: %s answers %s', async (method, expected) => {
      const seen = new Set<number>();
      const door = await doors.raw((socket, soFar, connection) => {
        if (connection === 0 && seen.has(0)) return void socket.resetAndDestroy();
        seen.add(connection);
        if (isWhole(soFar)) socket.write(answerBytes('200 OK', [], 'ok'));
      });
      traffic = await startTraffic([door.url]);
      await exchangeBytes(traffic.port, requestBytes('GET'), /ok$/);
      expect(await exchangeBytes(traffic.port, requestBytes(method, '/', [], method === 'POST' ? 'x' : ''), /(ok|})$/)).toMatch(expected);
    });

    it.each([
      ['says so in its answer', ['Keep-Alive: timeout=2'], 2],
      ['says nothing', [], 1],
    ])(
      'that keeps idle connections for a short time and %s: a POST behind it is not lost where we could know',
      async (_, fields, connections) => {
        const closedByUs: number[] = [];
        const door = await doors.raw((socket, soFar, connection) => {
          if (soFar.split('HTTP/1.1').length === 2) socket.once('end', () => closedByUs.push(connection));
          if (isWhole(soFar.slice(soFar.lastIndexOf('POST')))) socket.write(answerBytes('200 OK', fields, 'ok'));
        });
        traffic = await startTraffic([door.url]);
        const post = (): Promise<string> => exchangeBytes(traffic.port, requestBytes('POST', '/', [], 'x'), /(ok|})$/);
        expect(await post()).toMatch(/^HTTP\/1.1 200/);
        let closings = 0;
        // Closed before the stamp would: a second for what is on its way. A busy machine may be later than that once, not each time.
        for (let inTime = connections === 1; !inTime;) {
          const usedMs = performance.now();
          closings += 1;
          await waitFor('us to close it', () => closedByUs.length === closings || undefined, { timeoutMs: 60_000, intervalMs: 5 });
          inTime = performance.now() - usedMs < 2_000;
          expect(closings).toBeLessThan(6);
          if (!inTime) expect(await post()).toMatch(/^HTTP\/1.1 200/);
        }
        expect(await post()).toMatch(/^HTTP\/1.1 200/);
        expect(door.connections).toBe(closings + 1);
      },
    );

    it('it closes its idle connections as they are used: no GET is lost, however many repeats that takes', async () => {
      const connections = 60;
      const ok = answerBytes('200 OK', [], 'ok');
      let round = 1;
      let lost = 0;
      let waiting: (readonly [Socket, number])[] = [];
      const door = await doors.raw((socket, soFar, connection) => {
        if (!isWhole(soFar)) return;
        if (round > 2) return void socket.write(ok);
        // Held until all are there: in the first round all are answered, in the second all are lost that came on a used connection.
        waiting.push([socket, connection]);
        if (waiting.length < connections) return;
        for (const [each, index] of waiting) {
          if (round === 1 || index >= connections) each.write(ok);
          else {
            lost += 1;
            each.resetAndDestroy();
          }
        }
        round += 1;
        waiting = [];
      });
      // No time-out is meant to be met: those who wait for each other here wait for the machine.
      const unhurriedMs = 60_000;
      traffic = await startTraffic([door.url], { timeouts: { connectMs: unhurriedMs, headMs: unhurriedMs, idleMs: unhurriedMs } });
      const ask = (): Promise<string> => exchangeBytes(traffic.port, requestBytes('GET'), /(ok|})$/, unhurriedMs);
      const all = (): Promise<string[]> => Promise.all(Array.from({ length: connections }, ask));
      expect((await all()).filter((text) => !text.startsWith('HTTP/1.1 200'))).toHaveLength(0);
      expect((await all()).filter((text) => !text.startsWith('HTTP/1.1 200'))).toHaveLength(0);
      // More than what the budget has after so few requests, wherever some of them found no used connection free.
      expect(lost).toBeGreaterThan(20);
      expect(await traffic.count('lapidary_router_retries_total')).toEqual({ same_again: lost });
    });
  });
});

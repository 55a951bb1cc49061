import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, closeServer, exchangeBytes, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { misdirected, problemOf, requestBytes, startTraffic, TestDoors, type TestTraffic, onBothPaths } from './traffic.fixture.js';

const headEnd = /\r\n\r\n/;

onBothPaths(() => {
  let traffic: TestTraffic;
  const doors = new TestDoors();
  afterEach(async () => {
    await traffic.close();
    await doors.close();
  });

  describe('what a stamp is told', () => {
    it('tenant, epoch, request id and trace; nothing that a client says about itself (I4)', async () => {
      const door = await doors.answering(() => answerBytes('200 OK', ['x-lapidary-stamp: eu-1'], 'ok'));
      traffic = await startTraffic([door.url]);
      traffic.route({ epoch: 7 });
      const lies = [
        'X-Lapidary-Tenant: beta',
        'x_lapidary_epoch: 99',
        'X-Forwarded-For: 6.6.6.6',
        'Forwarded: for=6.6.6.6',
        'X-Real-IP: 6.6.6.6',
        'Connection: x-lapidary-epoch, close',
      ];
      const text = await exchangeBytes(traffic.port, requestBytes('GET', '/a?b=c', [...lies, 'X-Request-Id: my-request']), /ok$/);
      const seen = door.received[0]!;
      expect(seen).toMatch(/^GET \/a\?b=c HTTP\/1.1\r\nHost: acme.lapidary.localhost\r\n/);
      for (const line of [
        'x-lapidary-tenant: acme',
        'x-lapidary-epoch: 7',
        'x-request-id: my-request',
        'x-forwarded-for: 127.0.0.1',
        'x-forwarded-proto: http',
        'x-forwarded-host: acme.lapidary.localhost',
      ]) {
        expect(seen).toContain(`\r\n${line}\r\n`);
      }
      expect(seen).toMatch(/\r\ntraceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\r\n/);
      // Trace ids are random and may hold any digits.
      expect(seen.replace(/traceparent: .*/, '')).not.toMatch(/beta|99|6\.6\.6\.6/);
      expect(text).toMatch(/x-lapidary-stamp: eu-1\r\n[^]*x-request-id: my-request/);
    });

    it('the path without /t/<tenant>, and what was taken off', async () => {
      const door = await doors.answering(() => answerBytes('200 OK', [], 'ok'));
      traffic = await startTraffic([door.url]);
      await exchangeBytes(traffic.port, requestBytes('GET', '/t/acme/orders', ['Host: router.internal']), /ok$/);
      expect(door.received[0]).toMatch(/^GET \/orders HTTP\/1.1\r\n[^]*x-forwarded-prefix: \/t\/acme\r\n/);
    });
  });

  describe('a refusal', () => {
    it.each([
      ['an unknown tenant', 'Host: nobody.lapidary.localhost', 404, 'unknown_tenant'],
      ['a host of rubbish', 'Host: a_b!', 400, 'invalid_input'],
    ])('of %s is problem+json with its code, and the connection goes on', async (_, host, status, code) => {
      traffic = await startTraffic(['http://127.0.0.1:1']);
      const one = requestBytes('GET', '/', [host]);
      const text = await exchangeBytes(traffic.port, one + one, /}[^]*}$/);
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status}[^]*content-type: application/problem\\+json[^]*x-lapidary-error: ${code}\r\n`));
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(2);
    });

    it('of a pending tenant says when to come back', async () => {
      traffic = await startTraffic([]);
      traffic.route({ status: 'pending', stamp: null, epoch: 0 });
      const text = await exchangeBytes(traffic.port, requestBytes('GET'), /}$/);
      expect(text).toMatch(/^HTTP\/1.1 503[^]*retry-after: 10\r\n/);
      expect(problemOf(text)).toMatchObject({ code: 'tenant_pending', status: 503 });
    });

    it('of a request with a 5 MB body is seen by a client that sends all of it first', async () => {
      traffic = await startTraffic([]);
      traffic.route({ status: 'suspended' });
      const text = await exchangeBytes(
        traffic.port,
        [requestBytes('POST', '/', [], 'x'.repeat(5_000_000)), requestBytes('GET')],
        /}[^]*}$/,
      );
      expect(text.match(/HTTP\/1\.1 503/g)).toHaveLength(2);
    });

    it.each([
      ['length beside chunks', requestBytes('POST', '/', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 400],
      ['two lengths', requestBytes('POST', '/', ['Content-Length: 5', 'Content-Length: 5'], 'hello'), 400],
      ['chunked hidden by a coding', requestBytes('POST', '/', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'), 501],
      ['obs-fold', requestBytes('GET', '/', ['X-A: b\r\n c']), 400],
      ['a bare LF', requestBytes('GET').replaceAll('\r\n', '\n'), 400],
      ['NUL in a value', requestBytes('GET', '/', ['X-A: b\0c']), 400],
      ['two Hosts', requestBytes('GET', '/', ['Host: acme.lapidary.localhost', 'Host: beta.lapidary.localhost']), 400],
      ['absolute-form', requestBytes('GET', 'http://beta.lapidary.localhost/'), 400],
      ['a fragment', requestBytes('GET', '/#x'), 400],
      ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
      ['HTTP/1.2', requestBytes('GET').replace('HTTP/1.1', 'HTTP/1.2'), 400],
      ['HTTP/2.0 as text', requestBytes('GET').replace('HTTP/1.1', 'HTTP/2.0'), 505],
      ['TRACE', requestBytes('TRACE'), 405],
      ['CONNECT', 'CONNECT acme.lapidary.localhost:443 HTTP/1.1\r\nHost: acme.lapidary.localhost\r\n\r\n', 405],
      ['a head of 20 kB', requestBytes('GET', '/', [`X-A: ${'x'.repeat(20_000)}`]), 431],
      [
        '101 headers',
        requestBytes(
          'GET',
          '/',
          Array.from({ length: 101 }, (_, i) => `X-${i}: 1`),
        ),
        431,
      ],
      ['a space before the colon', requestBytes('GET', '/', ['Content-Length : 5']), 400],
      ['chunks in HTTP/1.0', requestBytes('POST', '/', ['Transfer-Encoding: chunked'], '0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0'), 400],
      ['rubbish', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ])('of %s: nothing reaches a stamp, not even what is smuggled behind it, and the connection ends', async (_, bytes, status) => {
      const door = await doors.answering(() => answerBytes('200 OK', [], 'ok'));
      traffic = await startTraffic([door.url]);
      const text = await exchangeBytes(traffic.port, bytes + requestBytes('GET', '/smuggled'));
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*connection: close`, 'i'));
      expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
      expect(door.received).toEqual([]);
    });

    it('of a chunk that breaks off in the middle: the stamp never sees an end of the body', async () => {
      const door = await doors.answering(() => '');
      traffic = await startTraffic([door.url]);
      const text = await exchangeBytes(traffic.port, requestBytes('POST', '/', ['Transfer-Encoding: chunked'], '5\r\nhello\r\nZZ\r\n'));
      expect(text).toMatch(/^(HTTP\/1.1 400 |$)/);
      expect(door.received.join('')).not.toMatch(/0\r\n\r\n/);
    });
  });

  describe('pipelined requests', () => {
    it('for different tenants on one connection each go to their own stamp, and are answered in order', async () => {
      const one = await doors.answering((_, r) => answerBytes('200 OK', [], `1 ${/tenant: (\w+)/.exec(r)?.[1]}`));
      const two = await doors.answering((_, r) => answerBytes('200 OK', [], `2 ${/tenant: (\w+)/.exec(r)?.[1]}`));
      traffic = await startTraffic([one.url]);
      traffic.stamp({ stamp: 'eu-2', frontDoors: [two.url] });
      traffic.route({ tenant: 'beta', stamp: 'eu-2' });
      const beta = ['Host: beta.lapidary.localhost'];
      const text = await exchangeBytes(
        traffic.port,
        requestBytes('GET') + requestBytes('GET', '/', beta) + requestBytes('GET'),
        /(\r\n\r\n\d \w+[^]*){2}\r\n\r\n1 acme$/,
      );
      expect([...text.matchAll(/\r\n\r\n(\d \w+)/g)].map((m) => m[1]).map((s) => s!.replace('HTTP', ''))).toEqual([
        '1 acme',
        '2 beta',
        '1 acme',
      ]);
    });
  });

  describe('draining', () => {
    const graceMs = 3_000;
    let server: Server;
    afterEach(() => closeServer(server));

    it('slow answers and slow uploads under way are all finished, none is lost, and new connections are refused', async () => {
      const held: (() => void)[] = [];
      server = createServer((request, response) => {
        request.resume();
        request.on('end', () => held.push(() => response.end('late')));
      });
      traffic = await startTraffic([`http://127.0.0.1:${await listen(server)}`], {
        timeouts: { connectMs: 2_000, headMs: 5_000, idleMs: 5_000 },
      });
      const url = `http://127.0.0.1:${traffic.port}/t/acme/`;
      const answers = Array.from({ length: 20 }, (_, i) =>
        fetch(url, i % 2 ? { method: 'POST', body: 'x'.repeat(100_000) } : {}).then(
          async (r) => `${r.headers.get('connection')} ${await r.text()}`,
        ),
      );
      await waitFor('all to be under way', () => held.length === 20 || undefined, { timeoutMs: 60_000, intervalMs: 5 });
      const drained = traffic.server.drain(5_000);
      const isRefused = (): Promise<true | undefined> =>
        new Promise((resolve) => {
          const socket = connect(traffic.port, '127.0.0.1', () => (socket.destroy(), resolve(undefined)));
          socket.once('error', () => resolve(true));
        });
      await waitFor('new connections to be refused', isRefused, { timeoutMs: 60_000, intervalMs: 5 });
      for (const answer of held) answer();
      expect(new Set(await Promise.all(answers))).toEqual(new Set(['close late']));
      await drained;
    });

    it('what outlives the grace is cut, tunnels too; all phases together take no longer than the grace', async () => {
      server = createServer(() => undefined);
      const sockets = new WebSocketServer({ server });
      traffic = await startTraffic([`http://127.0.0.1:${await listen(server)}`], {
        timeouts: { connectMs: 2_000, headMs: 5_000, idleMs: 5_000 },
      });
      const socket = new WebSocket(`ws://127.0.0.1:${traffic.port}/t/acme/`);
      await new Promise((resolve) => socket.once('open', resolve));
      const closed = new Promise((resolve) => socket.once('close', resolve));
      const hanging = fetch(`http://127.0.0.1:${traffic.port}/t/acme/`)
        .then(() => 'answered')
        .catch(() => 'cut');
      await waitFor('the request to be under way', () => traffic.server.inFlight.size > 0 || undefined, {
        timeoutMs: 60_000,
        intervalMs: 5,
      });
      const idle = connect(traffic.port, '127.0.0.1');
      await new Promise((resolve) => void idle.once('connect', resolve));
      const beganMs = performance.now();
      await traffic.server.drain(graceMs);
      // Each phase had it for itself once: for the idle one, the request, the tunnel.
      expect(performance.now() - beganMs).toBeLessThan(2 * graceMs);
      idle.destroy();
      await closed;
      expect(await hanging).toBe('cut');
      sockets.close();
    });
  });

  describe('a WebSocket', () => {
    it('for a tenant on a stamp that lacks it (421) is opened at the right one', async () => {
      const server = createServer();
      const sockets = new WebSocketServer({ server });
      sockets.on('connection', (socket, request) => socket.send(String(request.headers['x-lapidary-epoch'])));
      const old = await doors.answering(() => misdirected);
      traffic = await startTraffic([old.url]);
      traffic.stamp({ stamp: 'eu-2', frontDoors: [`http://127.0.0.1:${await listen(server)}`] });
      traffic.onRefresh = () => traffic.route({ stamp: 'eu-2', epoch: 2 });
      const socket = new WebSocket(`ws://127.0.0.1:${traffic.port}/t/acme/live`);
      const [data] = await new Promise<unknown[]>((resolve) => socket.once('message', (...message) => resolve(message)));
      expect(String(data)).toBe('2');
      socket.close();
      sockets.close();
      await closeServer(server);
    });

    it('for an unknown tenant is refused in words', async () => {
      traffic = await startTraffic([]);
      const handshake = [
        'Host: nobody.lapidary.localhost',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: x',
        'Sec-WebSocket-Version: 13',
      ];
      const text = await exchangeBytes(traffic.port, requestBytes('GET', '/', handshake), headEnd);
      expect(text).toMatch(/^HTTP\/1.1 404[^]*x-lapidary-error: unknown_tenant/);
    });
  });
});

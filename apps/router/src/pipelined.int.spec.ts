import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { closeServer, exchangeBytes, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { onBothPaths, requestBytes, startTraffic, type TestTraffic } from './traffic.fixture.js';

/** Taken by the general path, whichever it came by. */
const unusual = ['Connection: keep-alive, x'];
const asksForUpgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x'];
const patience = { timeoutMs: 60_000, intervalMs: 2 };
const patientTimeouts = { connectMs: 10_000, headMs: 10_000, idleMs: 10_000 };

onBothPaths(() => {
  let traffic: TestTraffic;
  /** Under way at the stamp, by path, in order. */
  const open = new Map<string, ServerResponse>();
  const came: string[] = [];
  const stamp = createServer((request, response) => {
    came.push(`${request.method} ${request.url}`);
    open.set(request.url ?? '', response);
    request.resume();
  });

  beforeEach(async () => {
    open.clear();
    came.length = 0;
    traffic = await startTraffic([`http://127.0.0.1:${await listen(stamp)}`], { timeouts: patientTimeouts });
  });
  afterEach(async () => {
    await traffic.close();
    await closeServer(stamp);
  });

  const answer = async (path: string): Promise<void> => {
    const response = await waitFor(`${path} at the stamp`, () => open.get(path), patience);
    open.delete(path);
    response.end(`did ${path}`);
  };
  const others = (text: string): string[] => [...text.matchAll(/did (\/[a-z]+)/g)].map((m) => m[1]!);

  it('what is pipelined reaches the stamp one after another, in order, and is answered in order (RFC 9112 §9.3.2)', async () => {
    const paths = ['/a', '/b', '/c', '/d'];
    const bytes = requestBytes('GET', '/first', unusual) + paths.map((path) => requestBytes('POST', path, [], 'x')).join('');
    const asking = exchangeBytes(traffic.port, bytes, /did \/d/, 20_000);
    for (const [i, path] of ['/first', ...paths].entries()) {
      await waitFor(`${path} at the stamp`, () => open.has(path) || undefined, patience);
      // Whatever comes by another connection has been through the whole router by then; what is pipelined could have, too.
      const beside = exchangeBytes(traffic.port, requestBytes('GET', `/beside${i}`), /did/, 20_000);
      await answer(`/beside${i}`);
      await beside;
      expect([...open.keys()]).toEqual([path]);
      await answer(path);
    }
    expect(others(await asking)).toEqual(['/first', ...paths]);
    expect(came.filter((one) => !one.includes('beside'))).toEqual(['GET /first', ...paths.map((path) => `POST ${path}`)]);
  });

  it('an upgrade that is asked for behind a request under way is not granted, and harms nobody', async () => {
    const asking = exchangeBytes(
      traffic.port,
      requestBytes('GET', '/first', unusual) + requestBytes('GET', '/up', asksForUpgrade),
      undefined,
      20_000,
    );
    await answer('/first');
    await answer('/up');
    // The fast engine grants it: nothing is under way by then.
    expect(others(await asking)).toEqual(['/first', '/up']);
    const again = exchangeBytes(traffic.port, requestBytes('GET', '/again'), /did/, 20_000);
    await answer('/again');
    expect(await again).toMatch(/^HTTP\/1.1 200/);
  });

  it('CONNECT behind a request under way doesn’t get between it and its answer', async () => {
    const bytes = requestBytes('GET', '/first', unusual) + requestBytes('CONNECT', 'evil.example:443');
    const asking = exchangeBytes(traffic.port, bytes, undefined, 20_000);
    await answer('/first');
    expect(await asking).toMatch(/^HTTP\/1.1 200[^]*did \/first/);
  });

  it('behind a request under way no more is read than what had come with it, and nothing of it begins when the client goes', async () => {
    const socket = connect(traffic.port, '127.0.0.1').on('error', () => undefined);
    const count = 20_000;
    socket.write(requestBytes('GET', '/first', unusual) + requestBytes('GET', '/more').repeat(count));
    await waitFor('the first one', () => open.has('/first') || undefined, patience);
    const beside = exchangeBytes(traffic.port, requestBytes('GET', '/beside'), /did/, 20_000);
    await answer('/beside');
    await beside;
    expect(traffic.server.inFlight.size).toBeLessThan(count / 5);
    socket.resetAndDestroy();
    await answer('/first');
    await waitFor('nothing to be under way', () => traffic.server.inFlight.size === 0 || undefined, patience);
    expect(came).toEqual(['GET /first', 'GET /beside']);
  });
});

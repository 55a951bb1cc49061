import { Worker } from 'node:worker_threads';
import type { StampRoute } from '@lapidary/contracts/directory';
import { exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { RouterPolicy } from './traffic-policy/router-policy.js';
import type { Refused } from './traffic-policy/traffic-policy.js';
import { onBothPaths, requestBytes, startTraffic, type TestTraffic } from './traffic.fixture.js';

/** A front door that goes on while this thread stands still. "/never" gets no answer. */
const doorProgram = `
  const { createServer } = require('node:http');
  const { parentPort } = require('node:worker_threads');
  const server = createServer((request, response) => void (request.url === '/never' || response.end('ok')));
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;
const timeouts = { connectMs: 300, headMs: 300, idleMs: 5_000 };
/** Several times as long as anybody would be waited for. */
const stallMs = 1_500;

/** Stops the whole loop once, as soon as a front door has been chosen and its socket asked. */
class StallingPolicy extends RouterPolicy {
  isToStall = false;

  override choose(stamp: StampRoute, except: ReadonlySet<string>, nowMs: number): string | Refused {
    if (this.isToStall) setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs));
    this.isToStall = false;
    return super.choose(stamp, except, nowMs);
  }
}

let door: Worker;
let policy: StallingPolicy;
let traffic: TestTraffic;
beforeEach(async () => {
  door = new Worker(doorProgram, { eval: true });
  const port = await new Promise<number>((resolve) => door.once('message', resolve));
  policy = new StallingPolicy({ router: 'r1' });
  traffic = await startTraffic([`http://127.0.0.1:${port}`], { policy, timeouts });
});
afterEach(async () => {
  await traffic.close();
  await door.terminate();
});

const ask = (path = '/'): Promise<string> => exchangeBytes(traffic.port, requestBytes('GET', path, ['Connection: close']), /\r\n\r\n[^]+/);

onBothPaths(() => {
  it('a connection that came while the process stood still is used, and not given up for being late', async () => {
    policy.isToStall = true;
    const beganMs = performance.now();
    expect(await ask()).toMatch(/^HTTP\/1.1 200 [^]*ok/);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(stallMs - 1);
  });

  it('an answer that came while the process stood still is passed on', async () => {
    await ask();
    policy.isToStall = true;
    const beganMs = performance.now();
    expect(await ask()).toMatch(/^HTTP\/1.1 200 [^]*ok/);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(stallMs - 1);
  });

  it('where nothing came it is given up all the same', async () => {
    await ask();
    policy.isToStall = true;
    expect(await ask('/never')).toMatch(/^HTTP\/1.1 504 /);
  });
});

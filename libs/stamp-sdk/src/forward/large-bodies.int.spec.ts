import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { closeServer, listen, startForwarder, type TestForwarder } from './forward.fixture.js';

const bodyBytes = 10 * 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, 'lapidary');
const slowMs = 2;
/** A whole garbage collection each time: what only waits to be collected is not held. */
const sampleMs = 250;
/** Far below the 40 MB that are on their way: what the sockets and streams of four exchanges may hold. */
const heldBytesMax = 20 * 1024 * 1024;

const tenMegabytes = (): Readable =>
  Readable.from(
    (function* () {
      for (let sent = 0; sent < bodyBytes; sent += chunk.length) yield chunk;
    })(),
  );
const digestOf = async (stream: AsyncIterable<Buffer>, pauseMs = 0): Promise<string> => {
  const hash = createHash('sha256');
  for await (const part of stream) {
    hash.update(part);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return hash.digest('hex');
};
const expected = await digestOf(tenMegabytes());

let server: Server;
let forwarder: TestForwarder;
let upstreamPauseMs = 0;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    if (request.method === 'POST') response.end(await digestOf(request, upstreamPauseMs));
    else await pipeline(tenMegabytes(), response).catch(() => undefined);
  });
  forwarder = await startForwarder(`http://127.0.0.1:${await listen(server)}`, {
    timeouts: { connectMs: 2_000, headMs: 60_000, idleMs: 60_000 },
  });
});
afterAll(async () => {
  await forwarder.close();
  await closeServer(server);
});

const send = (method: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const out = httpRequest(forwarder.url, { method, agent: false });
    out.on('response', resolve);
    out.on('error', reject);
    if (method === 'POST') void pipeline(tenMegabytes(), out);
    else out.end();
  });
const download = async (pauseMs: number): Promise<string> => digestOf(await send('GET'), pauseMs);
const upload = async (): Promise<string> => {
  let text = '';
  for await (const part of await send('POST')) text += String(part);
  return text;
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const buffersNow = (): number => {
  // The second one waits until the first has given freed buffers back: until then they are still counted.
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
};

/**
 * Runs four at once and gives what live buffers took at the upper quartile of the time, over what they took before. Without
 * back-pressure that is three quarters of the 40 MB, drained at the slow side's pace; one busy moment doesn't count.
 */
const buffersHeld = async (run: () => Promise<string>): Promise<number> => {
  const before = buffersNow();
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(buffersNow() - before), sampleMs);
  const digests = await Promise.all(Array.from({ length: 4 }, run));
  clearInterval(timer);
  expect(new Set(digests)).toEqual(new Set([expected]));
  samples.push(buffersNow() - before);
  return samples.sort((a, b) => a - b)[Math.floor((samples.length - 1) * 0.75)]!;
};

describe('bodies of 10 MB', () => {
  it('arrive whole at a slow client without piling up here', async () => {
    expect(await buffersHeld(() => download(slowMs))).toBeLessThan(heldBytesMax);
  });

  it('arrive whole at a slow upstream without piling up here', async () => {
    upstreamPauseMs = slowMs;
    expect(await buffersHeld(upload)).toBeLessThan(heldBytesMax);
  });
});

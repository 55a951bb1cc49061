import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeServer, listen, startForwarder, type TestForwarder } from './forward.fixture.js';

const chunk = Buffer.alloc(64 * 1024, 'lapidary');
const bodyBytes = 96 * 1024 * 1024;
/**
 * What may be on its way while the receiver reads nothing: the kernel's socket buffers of two loopback hops (measured: 10 to 12 MB)
 * and the streams' high-water marks. Without back-pressure the whole body is taken in.
 */
const onTheWayBytesMax = 64 * 1024 * 1024;
/** A sender that has not been asked for more during this long is held back. A busy machine can only make it look so sooner. */
const stillMs = 1_000;
/** Only a broken forwarder is this slow: a full body takes about a second. */
const timeouts = { connectMs: 10_000, headMs: 120_000, idleMs: 120_000 };

/** A body that tells how much of it has been asked for. */
const countedBody = (): { stream: Readable; sentBytes(): number } => {
  let sent = 0;
  const stream = Readable.from(
    (function* () {
      for (; sent < bodyBytes; sent += chunk.length) yield chunk;
    })(),
  );
  return { stream, sentBytes: () => sent };
};

const digestOf = async (stream: AsyncIterable<Buffer>): Promise<string> => {
  const hash = createHash('sha256');
  for await (const part of stream) hash.update(part);
  return hash.digest('hex');
};
const expected = await digestOf(countedBody().stream);

/** Gives the count once it stands still. */
const stoodStillAt = async (count: () => number): Promise<number> => {
  for (;;) {
    const before = count();
    await sleep(stillMs);
    if (before > 0 && count() === before) return before;
  }
};

let upstream: Server;
let forwarder: TestForwarder;
let body: ReturnType<typeof countedBody>;
/** Settles when the upstream may begin to read. */
let mayRead: Promise<void>;
beforeAll(async () => {
  upstream = createServer(async (request, response) => {
    if (request.method === 'GET') return void (await pipeline(body.stream, response));
    await mayRead;
    response.end(await digestOf(request));
  });
  forwarder = await startForwarder(`http://127.0.0.1:${await listen(upstream)}`, { timeouts });
});
beforeEach(() => {
  body = countedBody();
});
afterAll(async () => {
  await forwarder.close();
  await closeServer(upstream);
});

const send = (method: string): { sent?: Promise<void>; answer: Promise<IncomingMessage> } => {
  const out = httpRequest(forwarder.url, { method, agent: false });
  const answer = new Promise<IncomingMessage>((resolve, reject) => out.on('response', resolve).on('error', reject));
  if (method === 'POST') return { sent: pipeline(body.stream, out), answer };
  out.end();
  return { answer };
};

describe('a body far larger than what may be held', () => {
  it('waits at the upstream while the client reads nothing, then arrives whole', async () => {
    const answer = await send('GET').answer;
    expect(await stoodStillAt(body.sentBytes)).toBeLessThan(onTheWayBytesMax);
    expect(await digestOf(answer)).toBe(expected);
  });

  it('waits at the client while the upstream reads nothing, then arrives whole', async () => {
    let letRead!: () => void;
    mayRead = new Promise((resolve) => (letRead = resolve));
    const { sent, answer } = send('POST');
    expect(await stoodStillAt(body.sentBytes)).toBeLessThan(onTheWayBytesMax);
    letRead();
    let digest = '';
    for await (const part of await answer) digest += String(part);
    await sent;
    expect(digest).toBe(expected);
  });
});

import { createHash, randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { LimitsDocumentSchema } from '@lapidary/contracts/limits';
import { closeServer, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { requestBytes, startTraffic, type TestTraffic } from '../traffic.fixture.js';
import { RouterPolicy } from '../traffic-policy/router-policy.js';
import { NetTransport } from '../transport/net-transport.js';
import { trustedHandles } from '../transport/wire-contract.fixture.js';
import type { Transport } from '../transport/wire.js';
import { FullTransport } from './full-transport.fixture.js';

/** Wires that are full after each write, whatever it was that was written: every piece of a message waits, in both directions. */
const wires: Readonly<Record<string, () => Transport>> = {
  'sockets of node:net': () => new NetTransport(),
  handles: trustedHandles,
};
const timeouts = { connectMs: 30_000, headMs: 30_000, idleMs: 30_000 };
const conversations = 40;
const requestsEach = 6;
const bodyBytes = [0, 10, 5_000, 30_000, 60_000, 150_000] as const;
const answerBytes = [0, 100, 5_000, 200_000] as const;
const oneOf = (sizes: readonly number[]): number => sizes[randomInt(sizes.length)]!;
const sumOf = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
const answerFor = (path: string, body: string | Buffer, bytes: number): string => `${path} ${sumOf(body)} ${'y'.repeat(bytes)}`;

let traffic: TestTraffic;
/** What the stamp's parser could not read. */
let unreadable: string[];
let stamp: Server;
beforeEach(() => {
  unreadable = [];
  stamp = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
    request.on('end', () => response.end(answerFor(request.url!, Buffer.concat(chunks), Number(request.headers['x-want']))));
  });
  stamp.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== 'ECONNRESET') unreadable.push(error.code ?? error.message);
    socket.destroy();
  });
});
afterEach(async () => {
  await traffic.close();
  stamp.closeAllConnections();
  await closeServer(stamp);
});

const inChunks = (body: string): string => {
  let framed = '';
  for (let at = 0, bytes = 0; at < body.length; at += bytes) {
    bytes = Math.min(1 + randomInt(9_000), body.length - at);
    framed += `${bytes.toString(16)}\r\n${body.slice(at, at + bytes)}\r\n`;
  }
  return `${framed}0\r\n\r\n`;
};

/** Some requests in one go, in pieces that fit nothing; resolves to the answers that are not as they should be. */
const converse = (of: number): Promise<string[]> => {
  const expected: string[] = [];
  let bytes = '';
  for (let i = 0; i < requestsEach; i += 1) {
    const [path, body, want] = [`/${of}/${i}`, `${i}`.repeat(oneOf(bodyBytes)), oneOf(answerBytes)];
    expected.push(answerFor(path, body, want));
    const fields = [`x-want: ${want}`, 'Content-Type: text/plain'];
    bytes +=
      randomInt(2) === 0
        ? requestBytes('POST', path, [...fields, 'Transfer-Encoding: chunked'], inChunks(body))
        : requestBytes('POST', path, fields, body);
  }
  return new Promise((resolve) => {
    const wrong: string[] = [];
    const socket = connect({ port: traffic.port, host: '127.0.0.1', noDelay: true }).on('error', () => undefined);
    let text = '';
    const take = (): boolean => {
      const end = text.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, Math.max(end, 0)))?.[1]);
      if (end < 4 || text.length < end + length) return false;
      const answer = text.slice(end, end + length);
      text = text.slice(end + length);
      if (answer !== expected.shift()) wrong.push(answer.slice(0, 100));
      return true;
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      while (take());
      if (expected.length === 0) socket.destroy();
    });
    socket.on('close', () => resolve([...wrong, ...expected.map((answer) => `no ${answer.slice(0, 100)}`)]));
    const send = (): void => {
      if (bytes === '' || socket.destroyed) return;
      const some = 1 + randomInt(20_000);
      socket.write(bytes.slice(0, some), 'latin1');
      bytes = bytes.slice(some);
      setImmediate(send);
    };
    send();
  });
};

it.each(Object.keys(wires))('on %s: whatever waits, each body reaches its stamp once and each answer its client', async (name) => {
  // A stamp on a busy machine seems unwell: nothing is to be refused for that.
  const policy = new RouterPolicy();
  policy.limitBy(LimitsDocumentSchema.parse({ stamps: { default: { shedding: false } } }));
  const transport = new FullTransport(wires[name]!());
  traffic = await startTraffic([`http://127.0.0.1:${await listen(stamp)}`], { transport, timeouts, policy });
  const wrong: string[] = [];
  for (let i = 0; i < conversations; i += 10) {
    const some = await Promise.all(Array.from({ length: 10 }, (_, k) => converse(i + k)));
    wrong.push(...some.flat());
  }
  expect([unreadable, wrong]).toEqual([[], []]);
});

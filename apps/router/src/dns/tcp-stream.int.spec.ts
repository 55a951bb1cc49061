import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { closeServer } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { serveStream } from './tcp-stream.js';

const questionMs = 300;
/** Well within the time: nothing is idle meanwhile. */
const everyMs = 20;
const question = Buffer.from([0, 3, 1, 2, 3]);

let server: Server;
let client: Socket;
let answered: number;
beforeEach(async () => {
  answered = 0;
  server = createServer((socket) => serveStream(socket, (message) => ((answered += 1), message), questionMs));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  client.resume();
});
afterEach(async () => {
  client.destroy();
  await closeServer(server);
});

/** Sends one piece after the other until the other side has closed, or they are all sent. */
const sendSlowly = async (pieces: readonly Buffer[]): Promise<'closed' | 'open'> => {
  const closed = once(client, 'close').then(() => 'closed' as const);
  for (const piece of pieces) {
    client.write(piece);
    const next = new Promise<'open'>((resolve) => setTimeout(resolve, everyMs, 'open'));
    if ((await Promise.race([closed, next])) === 'closed') return 'closed';
  }
  return 'open';
};
const enough = 10 * (questionMs / everyMs);

it('whoever sends a byte now and then, and no whole question, doesn’t keep its connection', async () => {
  const pieces = [Buffer.from([15, 255]), ...Array.from({ length: enough }, () => Buffer.from([0]))];
  expect(await sendSlowly(pieces)).toBe('closed');
});

it('whoever asks one question after the other does, for as long as that', async () => {
  const halves = Array.from({ length: enough / 2 }, () => [question.subarray(0, 2), question.subarray(2)]).flat();
  expect(await sendSlowly(halves)).toBe('open');
  expect(answered).toBeGreaterThan(enough / 4);
});

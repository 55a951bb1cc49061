import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { decode, streamEncode, type DecodedPacket } from 'dns-packet';
import { waitFor } from '@lapidary/kernel/wait-for';
import { createLogger } from '@lapidary/telemetry/logger';
import { createRouterMetrics, type RouterMetrics } from '../metrics.js';
import { DnsServer } from './dns-server.js';
import { baseDomain, question, TestDns } from './dns-world.fixture.js';

const name = `acme.${baseDomain}`;
let metrics: RouterMetrics;
let server: DnsServer;
let port: number;

beforeEach(async () => {
  const dns = new TestDns();
  dns.tenant('acme');
  metrics = createRouterMetrics({ processMetrics: false });
  const { directory, zone } = dns.world;
  server = new DnsServer({ zone, directory, metrics, logger: createLogger('test', 'silent') });
  port = await server.listen('127.0.0.1', 0);
});
afterEach(() => server.close());

const dropped = async (): Promise<Record<string, number>> => {
  const { values } = await metrics.lapidary_router_dns_dropped_total.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels['reason'], value]));
};

const messagesIn = (bytes: Buffer): DecodedPacket[] => {
  const messages: DecodedPacket[] = [];
  for (let at = 0; at + 2 <= bytes.length; at += 2 + bytes.readUInt16BE(at)) {
    if (at + 2 + bytes.readUInt16BE(at) <= bytes.length) messages.push(decode(bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at))));
  }
  return messages;
};

/** Sends the pieces one by one; what came back until the other side closed or the given number of messages was there. */
const overTcp = (pieces: readonly Buffer[], count: number): Promise<DecodedPacket[]> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let got = Buffer.alloc(0);
    const done = (): void => {
      socket.destroy();
      resolve(messagesIn(got));
    };
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk]);
      if (messagesIn(got).length >= count) done();
    });
    socket.on('close', done);
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      for (const piece of pieces) socket.write(piece);
    });
  });

const framed = (id: number): Buffer => streamEncode({ type: 'query', id, questions: [{ name, type: 'A' }] });

describe('over TCP', () => {
  it('every split of a question gives the same answer', async () => {
    const bytes = framed(7);
    for (let at = 1; at < bytes.length; at += 1) {
      const [answer] = await overTcp([bytes.subarray(0, at), bytes.subarray(at)], 1);
      expect(answer).toMatchObject({ id: 7, rcode: 'NOERROR', answers: [{ data: '192.0.2.1' }] });
    }
  });

  it('questions sent at once are answered in order', async () => {
    const answers = await overTcp([Buffer.concat(Array.from({ length: 200 }, (_, id) => framed(id)))], 200);
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, id) => id));
  });

  it.each([
    ['a length beyond any question (an HTTP client)', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a message that is none', Buffer.from([0, 3, 1, 2, 3])],
  ])('%s ends the connection, and what was answered before arrives', async (_, rubbish) => {
    const answers = await overTcp([framed(1), rubbish, framed(2)], 99);
    expect(answers.length).toBeLessThanOrEqual(1);
    expect((await overTcp([framed(3)], 1))[0]).toMatchObject({ id: 3 });
  });
});

describe('over UDP', () => {
  it('rubbish gets no answer and is counted, and the next question is answered', async () => {
    const socket = createSocket('udp4');
    const answers: DecodedPacket[] = [];
    socket.on('message', (bytes) => answers.push(decode(bytes)));
    for (const rubbish of [Buffer.from('x'), question(name, 'A').subarray(0, 20), Buffer.alloc(5_000)])
      socket.send(rubbish, port, '127.0.0.1');
    socket.send(question(name, 'A'), port, '127.0.0.1');
    await waitFor('the answer', () => answers.length > 0 || undefined, { timeoutMs: 60_000, intervalMs: 5 });
    expect(answers).toMatchObject([{ id: 7, answers: [{ data: '192.0.2.1' }] }]);
    expect(await dropped()).toEqual({ too_short: 1, malformed: 1, too_long: 1 });
    socket.close();
  });

  it('one network’s flood is answered up to a limit', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    socket.setRecvBufferSize(4 << 20);
    let answers = 0;
    socket.on('message', () => (answers += 1));
    const limited = async (): Promise<number> =>
      (await metrics.lapidary_router_dns_limited_total.get()).values.reduce((sum, { value }) => sum + value, 0);
    const flood = async (): Promise<true | undefined> => {
      for (let i = 0; i < 500; i += 1) socket.send(question(name, 'A'), port, '127.0.0.1');
      return (await limited()) > 500 || undefined;
    };
    await waitFor('the limit', flood, { timeoutMs: 60_000, intervalMs: 5 });
    expect(answers).toBeGreaterThan(0);
    // TCP proves its source and is not held back by what was sent in its name.
    expect((await overTcp([framed(9)], 1))[0]).toMatchObject({ id: 9, rcode: 'NOERROR' });
    socket.close();
  });
});

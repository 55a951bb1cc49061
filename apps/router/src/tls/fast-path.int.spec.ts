import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { isLive, knows, RouterWorld, type RunningRouter } from '../router-world.fixture.js';
import { isWhole } from '../traffic.fixture.js';
import { makeCertificate, putCertificate } from './certificate.fixture.js';

/** HTTP/1.1 over TLS is the fast engine's, as that of the plain port. */
const soon = { timeoutMs: 60_000, intervalMs: 5 };
const large: { readonly bytes: Buffer; sentBy: Socket | null } = { bytes: Buffer.alloc(20_000_000, 'lapidary '), sentBy: null };
const sumOf = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

let world: RouterWorld;
let router: RunningRouter;
let door: RawUpstream;

beforeEach(async () => {
  world = await RouterWorld.begin();
  const folder = join(world.folder, 'certificates');
  await mkdir(folder);
  await putCertificate(folder, 'base', makeCertificate(['*.lapidary.localhost']));
  door = await startRawUpstream((socket, soFar) => {
    // The first request of a connection says what the stamp is to do.
    if (soFar.startsWith('GET /large ')) {
      socket.write(answerBytes('200 OK', [], large.bytes.toString('latin1')), 'latin1');
      large.sentBy = socket;
    } else if (soFar.startsWith('POST /sum ')) {
      if (isWhole(soFar)) socket.write(answerBytes('200 OK', [], sumOf(Buffer.from(soFar.slice(soFar.indexOf('\r\n\r\n') + 4), 'latin1'))));
    } else if (soFar.startsWith('GET /socket ')) {
      const tunnelled = soFar.slice(soFar.indexOf('\r\n\r\n') + 4);
      socket.write(
        tunnelled === '' ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n' : `heard ${tunnelled}`,
      );
    } else if (soFar.endsWith('\r\n\r\n')) socket.write(answerBytes('200 OK', [], `answer to ${soFar.match(/(?<=^GET )\S+/gm)!.at(-1)}`));
  });
  await world.region.commit(world.stamp({ frontDoors: [door.url] }));
  await world.region.commit(world.tenant('acme'));
  router = await world.start(undefined, undefined, { LAPIDARY_TLS_DIR: folder, LAPIDARY_TLS_PORT: 0, LAPIDARY_ROUTER_LINKS: 'off' });
  await isLive(router);
  await knows(router, 'acme');
});
afterEach(async () => {
  await world.end();
  await door.close();
});

interface Client {
  readonly socket: TLSSocket;
  text: string;
  ended: boolean;
}

const open = async (): Promise<Client> => {
  const options = {
    port: router.tlsPort,
    host: '127.0.0.1',
    servername: 'acme.lapidary.localhost',
    rejectUnauthorized: false,
    allowHalfOpen: true,
  };
  const client: Client = { socket: connect(options), text: '', ended: false };
  client.socket.on('error', () => undefined).on('end', () => (client.ended = true));
  await once(client.socket, 'secureConnect');
  return client;
};
const hear = (client: Client): void => void client.socket.on('data', (chunk: Buffer) => (client.text += chunk.toString('latin1')));
const heard = (client: Client, pattern: RegExp): Promise<true> =>
  waitFor(String(pattern), () => pattern.test(client.text) || undefined, soon);
const request = (line: string, fields = '', body = ''): string =>
  `${line} HTTP/1.1\r\nHost: acme.lapidary.localhost\r\n${fields}\r\n${body}`;
const handedOver = async (): Promise<number> => (await router.router.metrics.lapidary_router_handed_over_total.get()).values[0]?.value ?? 0;

it('requests on one connection, in one write and in single bytes, are answered in order and by the fast engine', async () => {
  const client = await open();
  hear(client);
  client.socket.write(request('GET /1') + request('GET /2') + request('GET /3'));
  await heard(client, /answer to \/1[^]*answer to \/2[^]*answer to \/3$/);
  for (const byte of request('GET /4')) client.socket.write(byte);
  await heard(client, /answer to \/4$/);
  expect(client.text.match(/HTTP\/1.1 200 /g)).toHaveLength(4);
  expect(await handedOver()).toBe(0);
  client.socket.destroy();
});

it('a large answer waits at the stamp for a client that doesn’t read, and comes whole when it does', async () => {
  const client = await open();
  client.socket.pause();
  client.socket.write(request('GET /large'));
  await waitFor('the stamp', () => large.sentBy || undefined, soon);
  const other = await open();
  hear(other);
  for (let i = 0; i < 20; i += 1) {
    other.socket.write(request(`GET /${i}`));
    await heard(other, new RegExp(`answer to /${i}$`));
  }
  expect(large.sentBy!.writableLength).toBeGreaterThan(0);
  hear(client);
  client.socket.resume();
  const body = (): string => client.text.slice(client.text.indexOf('\r\n\r\n') + 4);
  await waitFor('all of it', () => (client.text.length > large.bytes.length && body().length >= large.bytes.length) || undefined, soon);
  expect(sumOf(Buffer.from(body(), 'latin1'))).toBe(sumOf(large.bytes));
  for (const { socket } of [client, other]) socket.destroy();
});

it('a large body comes whole to the stamp', async () => {
  const body = large.bytes.subarray(0, 3_000_000);
  const client = await open();
  hear(client);
  client.socket.write(request('POST /sum', `Content-Length: ${body.length}\r\n`));
  client.socket.write(body);
  await heard(client, new RegExp(`${sumOf(body)}$`));
  expect(await handedOver()).toBe(0);
  client.socket.destroy();
});

it('a client that closes its side behind its request is answered', async () => {
  const client = await open();
  hear(client);
  client.socket.end(request('GET /last'));
  await heard(client, /connection: close[^]*answer to \/last$/i);
  await waitFor('the end', () => client.ended || undefined, soon);
});

it('an upgrade goes to the general path with what came before and behind it', async () => {
  const client = await open();
  hear(client);
  client.socket.write(request('GET /first'));
  await heard(client, /answer to \/first$/);
  client.socket.write(request('GET /socket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
  await heard(client, /HTTP\/1.1 101 [^]*\r\n\r\n$/);
  expect(await handedOver()).toBe(1);
  client.socket.write('frames');
  await heard(client, /heard frames$/);
  client.socket.destroy();
});

it('a client that goes away has its request given up', async () => {
  const client = await open();
  client.socket.write(request('POST /sum', 'Content-Length: 100\r\n', 'half'));
  await waitFor('the stamp', () => door.received.some((text) => text.endsWith('half')) || undefined, soon);
  client.socket.destroy();
  const given = async (): Promise<true | undefined> => {
    const { values } = await router.router.metrics.lapidary_router_requests_total.get();
    return values.some(({ labels }) => labels['outcome'] === 'client_gone') || undefined;
  };
  await waitFor('it to be given up', given, soon);
});

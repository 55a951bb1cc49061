import { mkdir } from 'node:fs/promises';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freePort } from '@lapidary/tools/local/free-port';
import { patience, RouterProcess } from '../keeper/router-process.fixture.js';
import { RouterWorld } from '../router-world.fixture.js';
import { makeCertificate, putCertificate } from '../tls/certificate.fixture.js';

const servername = 'acme.lapidary.localhost';
/** Enough fresh connections for each of two workers to have had some. */
const manyTimes = 30;

let world: RouterWorld;
let one: RouterProcess;
let tlsPort: number;

const start = async (more: Record<string, string> = {}): Promise<void> => {
  world = await RouterWorld.begin();
  const folder = join(world.folder, 'certificates');
  await mkdir(folder);
  await putCertificate(folder, 'base', makeCertificate(['*.lapidary.localhost']));
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
  tlsPort = await freePort();
  one = await RouterProcess.start(world, {
    LAPIDARY_ROUTER_WORKERS: '2',
    LAPIDARY_ROUTER_LINKS: 'off',
    LAPIDARY_TLS_DIR: folder,
    LAPIDARY_TLS_PORT: String(tlsPort),
    ...more,
  });
};
afterEach(async () => {
  await one.clean();
  await world.end();
});

/** `proxied`: what a load balancer says first. */
const overTls = (proxied: string): TLSSocket => {
  const socket = connectPlain(tlsPort, '127.0.0.1');
  socket.write(proxied);
  return connect({ socket, servername, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
};

const session = (proxied = ''): ClientHttp2Session => {
  const made = connectHttp2(`https://${servername}`, { createConnection: () => overTls(proxied) });
  made.on('error', () => undefined);
  return made;
};

/** Status of the answer; 0: there was none. */
const asked = (of: ClientHttp2Session, path: string): Promise<number> =>
  new Promise((resolve) => {
    if (of.destroyed || of.closed) return resolve(0);
    let status = 0;
    const stream = of.request({ ':path': path });
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve(status));
    stream.resume();
  });

const once200 = async (proxied = ''): Promise<number> => {
  const of = session(proxied);
  const status = await asked(of, '/');
  of.destroy();
  return status;
};

it('every worker serves HTTP/2: many streams on many connections; when one dies its connections end, the others’ go on, and new ones are served', async () => {
  await start();
  await waitFor('an answer over HTTP/2', async () => (await once200()) === 200 || undefined, patience);
  const sessions = Array.from({ length: manyTimes }, () => session());
  const all = (): Promise<number[][]> =>
    Promise.all(sessions.map((of) => Promise.all(Array.from({ length: 5 }, (_, i) => asked(of, `/stream-${i}`)))));
  expect(new Set((await all()).flat())).toEqual(new Set([200]));
  await one.killWorkers('kill');
  await waitFor(
    'the connections of one to end',
    () => sessions.some(({ closed, destroyed }) => closed || destroyed) || undefined,
    patience,
  );
  await waitFor('its death', async () => (await one.metric(/^lapidary_router_worker_deaths_total (\d+)$/m)) === 1 || undefined, patience);
  const left = sessions.filter(({ closed, destroyed }) => !closed && !destroyed);
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThan(manyTimes);
  expect(new Set(await Promise.all(left.map((of) => asked(of, '/left'))))).toEqual(new Set([200]));
  const workers = /^lapidary_router_workers (\d+)$/m;
  await waitFor('another in its place', async () => (await one.metric(workers)) === 2 || undefined, patience);
  for (let i = 0; i < manyTimes; i += 1) expect(await once200()).toBe(200);
  for (const of of sessions) of.destroy();
});

it('the PROXY protocol stands before TLS in every worker: each knows the client, and takes nothing from who doesn’t speak it', async () => {
  await start({ LAPIDARY_PROXY_PROTOCOL: 'https', LAPIDARY_PROXY_SENDERS: '127.0.0.0/8' });
  const proxied = 'PROXY TCP4 203.0.113.7 127.0.0.1 1234 443\r\n';
  await waitFor('an answer', async () => (await once200(proxied)) === 200 || undefined, patience);
  world.door.received.length = 0;
  for (let i = 0; i < manyTimes; i += 1) expect(await once200(proxied)).toBe(200);
  const told = world.door.received.join('');
  const of = (field: string): Set<string> => new Set(told.match(new RegExp(`${field}: [^\\r]*`, 'g')));
  expect(of('x-forwarded-for')).toEqual(new Set(['x-forwarded-for: 203.0.113.7']));
  expect(of('x-forwarded-proto')).toEqual(new Set(['x-forwarded-proto: https']));
  for (let i = 0; i < 10; i += 1) {
    const socket = overTls('');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(socket.authorized || socket.alpnProtocol === 'h2').toBe(false);
  }
});

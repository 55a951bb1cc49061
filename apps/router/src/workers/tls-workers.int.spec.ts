import { mkdir } from 'node:fs/promises';
import { connect as connectPlain, createServer } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { waitFor } from '@lapidary/kernel/wait-for';
import { freePort } from '@lapidary/tools/local/free-port';
import { patience, RouterProcess, statusAt } from '../keeper/router-process.fixture.js';
import { RouterWorld } from '../router-world.fixture.js';
import { makeCertificate, putCertificate } from '../tls/certificate.fixture.js';

const servername = 'acme.lapidary.localhost';
const workers = 2;
/** Enough fresh connections for each worker to have had some. */
const manyTimes = 40;

let world: RouterWorld;
let one: RouterProcess;
let folder: string;
let tlsPort: number;

const start = async (more: Record<string, string> = {}): Promise<void> => {
  world = await RouterWorld.begin();
  folder = join(world.folder, 'certificates');
  await mkdir(folder);
  await putCertificate(folder, 'base', makeCertificate(['*.lapidary.localhost']));
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
  tlsPort = await freePort();
  const settings = { LAPIDARY_ROUTER_WORKERS: String(workers), LAPIDARY_TLS_DIR: folder, LAPIDARY_TLS_PORT: String(tlsPort), ...more };
  one = await RouterProcess.start(world, settings);
};
afterEach(async () => {
  await one.clean();
  await world.end();
});

interface Answered {
  readonly status: string;
  readonly certificate: string;
}

/** One request on a TLS connection of its own; status "" where there was no whole answer. */
const ask = (): Promise<Answered> =>
  new Promise((resolve) => {
    const socket: TLSSocket = connect({
      port: tlsPort,
      host: '127.0.0.1',
      servername,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    let text = '';
    let certificate = '';
    socket.on('secureConnect', () => {
      certificate = socket.getPeerCertificate().fingerprint256;
      socket.write(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve({ status: text.endsWith('ok') ? text.slice(9, 12) : '', certificate }));
  });

const answers = (): Promise<unknown> => waitFor('an answer over TLS', async () => (await ask()).status === '200' || undefined, patience);

it('a certificate that is replaced is replaced in every worker, without a restart and without a request lost', async () => {
  await start();
  await answers();
  const before = new Set<string>();
  for (let i = 0; i < manyTimes; i += 1) before.add((await ask()).certificate);
  expect(before.size).toBe(1);
  await putCertificate(folder, 'base', makeCertificate(['*.lapidary.localhost']));
  // Each worker looks for itself: until one that has not taken it is met no more.
  const allNew = async (): Promise<true | undefined> => {
    for (let i = 0; i < manyTimes; i += 1) {
      const { status, certificate } = await ask();
      expect(status).toBe('200');
      if (before.has(certificate)) return undefined;
    }
    return true;
  };
  await waitFor('every worker to take it', allNew, patience);
  expect(await one.metric(/^lapidary_router_reloads_total\{what="certificates",outcome="taken"\} (\d+)$/m)).toBeGreaterThanOrEqual(workers);
});

it('reloads by SIGHUP under TLS load lose no request (K1, K2)', async () => {
  await start();
  await answers();
  let going = true;
  const lost: Answered[] = [];
  let answered = 0;
  const client = async (): Promise<void> => {
    while (going) {
      const one = await ask();
      if (one.status === '200') answered += 1;
      else lost.push(one);
    }
  };
  const clients = Promise.all(Array.from({ length: 4 }, client));
  try {
    for (let i = 0; i < 2; i += 1) {
      const from = answered;
      await one.reload();
      await waitFor('more answers', () => answered > from + 40 || undefined, patience);
    }
  } finally {
    // Else they would ask the next test's router.
    going = false;
    await clients;
  }
  expect(lost).toEqual([]);
});

it('behind a load balancer that speaks the PROXY protocol, every worker knows the client', async () => {
  await start({ LAPIDARY_PROXY_PROTOCOL: 'http', LAPIDARY_PROXY_SENDERS: '127.0.0.0/8' });
  // A balancer that says who the client is, then passes bytes on.
  const balancer = createServer((client) => {
    const upstream = connectPlain(one.port, '127.0.0.1');
    upstream.write('PROXY TCP4 203.0.113.7 127.0.0.1 1234 80\r\n');
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
  });
  const port = await new Promise<number>((resolve) =>
    balancer.listen(0, '127.0.0.1', () => resolve((balancer.address() as { port: number }).port)),
  );
  await waitFor('an answer', async () => (await statusAt(port, servername)) === '200' || undefined, patience);
  world.door.received.length = 0;
  for (let i = 0; i < manyTimes; i += 1) expect(await statusAt(port, servername)).toBe('200');
  const told = world.door.received.join('').match(/x-forwarded-for: [^\r]*/g) ?? [];
  expect(told.length).toBeGreaterThanOrEqual(manyTimes);
  expect(new Set(told)).toEqual(new Set(['x-forwarded-for: 203.0.113.7']));
  expect(await one.ask('acme')).not.toBe('200');
  balancer.close();
});

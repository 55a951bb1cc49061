import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { answerBytes, exchangeBytes, startRawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { isLive, knows, RouterWorld, type RunningRouter } from '../router-world.fixture.js';
import { waitFor } from '@lapidary/kernel/wait-for';
import { makeCertificate, putCertificate, type TestCertificate } from './certificate.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 20 };
let world: RouterWorld;
let router: RunningRouter;
let folder: string;
let first: TestCertificate;

beforeEach(async () => {
  world = await RouterWorld.begin();
  folder = join(world.folder, 'certificates');
  await mkdir(folder);
  first = makeCertificate(['*.lapidary.localhost']);
  await putCertificate(folder, 'base', first);
  await world.region.commit(world.stamp());
  await world.region.commit(world.tenant('acme'));
  router = await world.start(undefined, undefined, { LAPIDARY_TLS_DIR: folder, LAPIDARY_TLS_PORT: 0 });
  await isLive(router);
  await knows(router, 'acme');
});
afterEach(() => world.end());

const open = (options: ConnectionOptions = {}): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({
      port: router.tlsPort,
      host: '127.0.0.1',
      servername: 'acme.lapidary.localhost',
      rejectUnauthorized: false,
      ...options,
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });

const ask = (socket: TLSSocket, host = 'acme.lapidary.localhost'): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!/\r\n\r\n.+/s.test(text)) return;
      socket.off('data', onData);
      resolve(text);
    };
    socket.on('data', onData);
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });

const fingerprint = (socket: TLSSocket): string => socket.getPeerX509Certificate()!.toString();
const count = async (outcome: string): Promise<number> => {
  const { values } = await router.router.metrics.lapidary_router_reloads_total.get();
  return values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
};

describe('TLS', () => {
  it('serves by the name asked for; the stamp hears of https', async () => {
    const socket = await open();
    expect(await ask(socket)).toMatch(/^HTTP\/1.1 200 /);
    // Before it, the stamp was asked for a link.
    const request = world.door.received.find((text) => text.startsWith('GET / '));
    expect(request).toMatch(/\r\nx-forwarded-proto: https\r\n/);
    expect(request).toMatch(/\r\nx-forwarded-for: 127.0.0.1\r\n/);
    socket.destroy();
  });

  it.each([
    ['a name that has no certificate', { servername: 'other.example.com' }],
    ['no name', { servername: '' }],
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }],
    ['a protocol that is not spoken', { ALPNProtocols: ['smtp'] }],
  ] as [string, ConnectionOptions][])('gives no handshake to %s', async (_, options) => {
    await expect(open(options)).rejects.toThrow();
  });

  it('survives rubbish', async () => {
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x00\x05rubbish']) await exchangeBytes(router.tlsPort, bytes);
    expect(await ask(await open())).toMatch(/^HTTP\/1.1 200 /);
  });

  it('serves a burst of connections, and counts each handshake', async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => open()));
    const answers = await Promise.all(sockets.map((socket) => ask(socket)));
    expect(answers.filter((answer) => !answer.startsWith('HTTP/1.1 200 '))).toEqual([]);
    const { values } = await router.router.metrics.lapidary_router_tls_handshakes_total.get();
    expect(values.find(({ labels }) => labels['outcome'] === 'full')?.value).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('speaks HTTP/2 where it is offered, else HTTP/1.1', async () => {
    const two = await open({ ALPNProtocols: ['h2', 'http/1.1'] });
    const one = await open({ ALPNProtocols: ['http/1.1'] });
    expect([two.alpnProtocol, one.alpnProtocol]).toEqual(['h2', 'http/1.1']);
    two.destroy();
    one.destroy();
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes sessions of %s, also after new certificates have come', async (version) => {
    const options: ConnectionOptions = { minVersion: version, maxVersion: version };
    const socket = await open(options);
    // TLS 1.3 sends tickets behind the handshake, TLS 1.2 within it.
    const later = version === 'TLSv1.3' ? new Promise<Buffer>((resolve) => socket.once('session', resolve)) : null;
    await ask(socket);
    const ticket = (await later) ?? socket.getSession()!;
    socket.destroy();
    await putCertificate(folder, 'other', makeCertificate(['shop.example.com']));
    await waitFor('the new certificate', async () => (await count('taken')) > 0 || undefined, soon);
    const again = await open({ ...options, session: ticket });
    expect(again.isSessionReused()).toBe(true);
    again.destroy();
  });
});

describe('a router that stops', () => {
  it('answers what is under way over TLS, and says that the connection ends', async () => {
    const hanging: (() => void)[] = [];
    const slow = await startRawUpstream((socket, soFar) => {
      if (soFar.endsWith('\r\n\r\n')) hanging.push(() => socket.write(answerBytes('200 OK', [], 'late')));
    });
    await world.region.commit(world.stamp({ stamp: `${world.name}-2`, frontDoors: [slow.url] }));
    await world.region.commit(world.tenant('slow', { stamp: `${world.name}-2` }));
    await knows(router, 'slow');
    const [idle, busy] = await Promise.all([open(), open()]);
    expect(await ask(idle)).toMatch(/^HTTP\/1.1 200 /);
    const answer = ask(busy, 'slow.lapidary.localhost');
    await waitFor('the request', () => hanging.length > 0 || undefined, soon);
    const idleEnds = new Promise((resolve) => idle.once('close', resolve));
    const stopped = router.router.stop(8_000);
    await idleEnds;
    await expect(open()).rejects.toThrow();
    for (const go of hanging) go();
    expect(await answer).toMatch(/^HTTP\/1.1 200 [^]*connection: close[^]*late/i);
    await stopped;
    await slow.close();
  });
});

describe('certificates', () => {
  it('change without a restart, and connections that are open go on', async () => {
    const before = await open();
    const second = makeCertificate(['*.lapidary.localhost'], 90 * 86_400_000);
    await putCertificate(folder, 'base', second);
    await waitFor('the new certificate', async () => (await count('taken')) > 0 || undefined, soon);
    const after = await waitFor(
      'the new certificate in use',
      async () => {
        const socket = await open();
        return fingerprint(socket) === second.certificate ? socket : (socket.destroy(), undefined);
      },
      soon,
    );
    expect(fingerprint(before)).toBe(first.certificate);
    expect(await ask(before)).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask(after)).toMatch(/^HTTP\/1.1 200 /);
    before.destroy();
    after.destroy();
  });

  it('that are of no use are refused, and told: the one before stays, and the others come', async () => {
    await writeFile(join(folder, 'base.crt'), 'rubbish');
    await putCertificate(folder, 'shop', makeCertificate(['shop.example.com']));
    await putCertificate(folder, 'late', makeCertificate(['late.example.com'], -1_000));
    await waitFor('the refusals', async () => ((await count('refused')) > 1 && (await count('taken')) > 0) || undefined, soon);
    const shop = await waitFor('the shop’s', () => open({ servername: 'shop.example.com' }).catch(() => undefined), soon);
    const base = await open();
    expect(fingerprint(base)).toBe(first.certificate);
    await expect(open({ servername: 'late.example.com' })).rejects.toThrow();
    const text = await (await fetch(`${router.admin}/metrics`)).text();
    expect(text).toMatch(/lapidary_router_certificate_end_seconds\{name="base"\} 1\.?\d+/);
    expect(text).not.toMatch(/name="late"/);
    shop.destroy();
    base.destroy();
  });

  it('of which half has been written stay out until the rest is there', async () => {
    const second = makeCertificate(['*.lapidary.localhost'], 90 * 86_400_000);
    const half = second.certificate.slice(0, second.certificate.length / 2);
    await putCertificate(folder, 'base', { ...second, certificate: half });
    await waitFor('the refusal', async () => (await count('refused')) > 0 || undefined, soon);
    const before = await open();
    expect(fingerprint(before)).toBe(first.certificate);
    expect(await ask(before)).toMatch(/^HTTP\/1.1 200 /);
    await appendFile(join(folder, 'base.crt'), second.certificate.slice(half.length));
    const after = await waitFor(
      'the whole one in use',
      async () => {
        const socket = await open();
        return fingerprint(socket) === second.certificate ? socket : (socket.destroy(), undefined);
      },
      soon,
    );
    before.destroy();
    after.destroy();
  });

  it('that are all gone stay in use', async () => {
    await rm(folder, { recursive: true });
    await waitFor('the refusal', async () => (await count('refused')) > 0 || undefined, soon);
    expect(await ask(await open())).toMatch(/^HTTP\/1.1 200 /);
  });

  it('of which none is usable are no reason to start', async () => {
    const empty = join(world.folder, 'empty');
    await mkdir(empty);
    await expect(world.start(undefined, 'x.json', { LAPIDARY_TLS_DIR: empty, LAPIDARY_TLS_PORT: 0 })).rejects.toThrow(
      'no usable certificate',
    );
  });
});

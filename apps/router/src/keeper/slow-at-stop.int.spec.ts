import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, closeServer, startRawUpstream, type RawUpstream } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { RouterWorld } from '../router-world.fixture.js';
import { makeCertificate, putCertificate } from '../tls/certificate.fixture.js';
import { patience, RouterProcess } from './router-process.fixture.js';

const host = 'acme.lapidary.localhost';
/** A client is slow that reads nothing for longer than a connection is kept behind its answer when nobody is waited for. */
const slowMs = 2_500;
/** Longer than a router takes to stop that waits for nobody. */
const slowerMs = 8_000;
const answered = /^lapidary_router_requests_total\{outcome="answered"\} (\d+)$/m;
const comesMs = { timeoutMs: 60_000, intervalMs: 10 };

/** A line to the router on which its answers stand still while it is held: whatever the client does, the router's side is not read. */
class SlowLine {
  private readonly near = new Set<Socket>();
  private readonly far = new Set<Socket>();
  private isHeld = false;
  private readonly server: Server;

  constructor(port: number) {
    this.server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      this.near.add(near);
      this.far.add(far);
      near.pipe(far);
      far.on('data', (bytes) => void (near.write(bytes) || far.pause()));
      near.on('drain', () => this.isHeld || far.resume());
      far.on('end', () => near.end());
      for (const end of [near, far]) end.on('error', () => undefined);
    });
  }

  async open(): Promise<number> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  hold(): void {
    this.isHeld = true;
    for (const far of this.far) far.pause();
  }

  letGo(): void {
    this.isHeld = false;
    for (const far of this.far) far.resume();
  }

  async close(): Promise<void> {
    for (const end of [...this.near, ...this.far]) end.destroy();
    await closeServer(this.server);
  }
}

/** What has come of the body, and whether nothing more will. */
interface Taken {
  bytes: number;
  isOver: boolean;
}

const overHttp1 = (socket: Socket): Taken => {
  const taken: Taken = { bytes: 0, isOver: false };
  let head = '';
  socket.on('data', (chunk: Buffer) => {
    if (head.endsWith('\r\n\r\n')) return void (taken.bytes += chunk.length);
    head += chunk.toString('latin1');
    const end = head.indexOf('\r\n\r\n') + 4;
    if (end < 4) return;
    taken.bytes = head.length - end;
    head = head.slice(0, end);
  });
  socket.on('error', () => undefined).once('close', () => (taken.isOver = true));
  socket.write(`GET /large HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  return taken;
};

const ways: Readonly<Record<string, (port: number) => Promise<Taken>>> = {
  plain: async (port) => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return overHttp1(socket);
  },
  TLS: async (port) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: host, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return overHttp1(socket);
  },
  // With windows for all of it, so that what waits is in the router's socket, too.
  'HTTP/2': async (port) => {
    const settings = { initialWindowSize: 2 ** 30 };
    const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, servername: host, settings });
    session.on('error', () => undefined);
    await once(session, 'connect');
    session.setLocalWindowSize(2 ** 30);
    const taken: Taken = { bytes: 0, isOver: false };
    const stream = session.request({ ':path': '/large', ':authority': host });
    stream.on('data', (chunk: Buffer) => (taken.bytes += chunk.length)).on('error', () => undefined);
    stream.once('close', () => (taken.isOver = true));
    return taken;
  },
};

let world: RouterWorld;
let one: RouterProcess;
let stamp: RawUpstream;
let folder: string;
/** The kernel takes all of 3 MB, so that its end waits there, and not all of 16. */
let bodyBytes: number;
let asked: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapidary-slow-'));
  await putCertificate(folder, 'base', makeCertificate(['*.lapidary.localhost']));
  world = await RouterWorld.begin();
  asked = 0;
  stamp = await startRawUpstream((socket, soFar) => {
    if (!soFar.endsWith('\r\n\r\n')) return;
    const isLarge = soFar.slice(0, -4).split('\r\n\r\n').at(-1)!.startsWith('GET /large ');
    if (isLarge) asked += 1;
    socket.write(answerBytes('200 OK', [], isLarge ? 'x'.repeat(bodyBytes) : 'ok'));
  });
  await world.region.commit(world.stamp({ frontDoors: [stamp.url] }));
  await world.region.commit(world.tenant('acme'));
});
afterEach(async () => {
  await one.clean();
  await world.end();
  await stamp.close();
  await rm(folder, { recursive: true });
});

describe.each([
  ['0', 16_000_000],
  ['2', 3_000_000],
])('a router with %s workers, told to stop by SIGTERM', (workers, size) => {
  /** `isWritten`: it has written all of the answer by then, and nothing is asked any more. */
  const stopsBefore = async (way: string, heldMs: number, isWritten: boolean): Promise<void> => {
    bodyBytes = size;
    one = await RouterProcess.start(world, { LAPIDARY_ROUTER_WORKERS: workers, LAPIDARY_TLS_DIR: folder, LAPIDARY_TLS_PORT: '0' });
    await waitFor('the tenant', async () => (await one.ask('acme')) === '200' || undefined, patience);
    const { tlsPort } = (await one.says('router listening')) as { readonly tlsPort?: number };
    const line = new SlowLine(way === 'plain' ? one.port : tlsPort!);
    try {
      const before = await one.metric(answered);
      const taken = await ways[way]!(await line.open());
      line.hold();
      await waitFor('the stamp to be asked', () => asked === 1 || undefined, comesMs);
      if (isWritten) await waitFor('it to be written', async () => (await one.metric(answered)) > before || undefined, comesMs);
      const ended = one.end('SIGTERM');
      await sleep(heldMs);
      line.letGo();
      expect(await ended).toBe(0);
      await waitFor('the end of what comes', () => taken.isOver || undefined, comesMs);
      expect(taken.bytes).toBe(size);
    } finally {
      await line.close();
    }
  };

  it.each(Object.keys(ways))('over %s waits for a client that reads late, and all of its answer comes', (way) =>
    stopsBefore(way, slowMs, false),
  );

  // The others are written when the kernel has them.
  if (size < 10_000_000)
    it('over HTTP/2 waits for one whose answer was written before, too, though nothing is asked any more', () =>
      stopsBefore('HTTP/2', slowerMs, true));
});

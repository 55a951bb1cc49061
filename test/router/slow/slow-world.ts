import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { waitFor } from '@lapidary/kernel/wait-for';
import { startTraffic, type TestTraffic } from '@lapidary/router/traffic.fixture';
import { NetTransport } from '@lapidary/router/transport/net-transport';
import { trustedHandles } from '@lapidary/router/transport/wire-contract.fixture';
import { host } from '../corpus/case.ts';
import { serverName, startTls } from '../run/tls-before.ts';

/** The ways of an answer to its client: what waits for it is kept by other code on each. */
export const slowWays = ['raw', 'net', 'tls', 'general'] as const;
export type SlowWay = (typeof slowWays)[number];

const patience = { timeoutMs: 30_000, intervalMs: 5 };
/** Some MB of them until the kernel takes no more, and so few waiting in the router then that it doesn't hold the stamp back. */
const pieceBytes = 8 * 1024;

/** A stamp that begins to answer GET /large, and says more when it is told; to POST it says nothing. */
class SlowStamp {
  readonly asked: Socket[] = [];
  private readonly sockets: Socket[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          const isLarge = text.startsWith('GET /large ');
          const isSilent = text.startsWith('POST ');
          text = text.slice(end + 4);
          if (isLarge) this.asked.push(socket);
          if (isSilent) continue;
          socket.write(`HTTP/1.1 200 OK\r\n${isLarge ? 'Transfer-Encoding: chunked\r\n\r\n' : 'Content-Length: 5\r\n\r\nsmall'}`);
        }
      });
    });
  }

  async begin(): Promise<string> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

/** Of the body that a client read: how much, and whether its end came. */
export interface Taken {
  readonly bytes: number;
  readonly whole: boolean;
  /** What came behind the large answer. */
  readonly rest: string;
}

/** A client that asks for a large answer and reads when it is told. */
export class SlowClient {
  ended = false;
  error: string | null = null;
  private readonly chunks: Buffer[] = [];

  constructor(readonly socket: Socket) {
    const end = (): void => void (this.ended = true);
    socket
      .on('end', end)
      .on('close', end)
      .on('error', (error: NodeJS.ErrnoException) => {
        this.error = error.code ?? error.message;
        end();
      });
  }

  ask(fields: readonly string[] = [], behind = ''): void {
    this.send('GET /large HTTP/1.1', fields, behind);
  }

  send(line: string, fields: readonly string[], behind = ''): void {
    this.socket.write(`${[line, `Host: ${host}`, ...fields].join('\r\n')}\r\n\r\n${behind}`);
  }

  /** Reads until this has come, or the connection ends. */
  async text(pattern: RegExp): Promise<string> {
    this.read();
    const come = (): string => Buffer.concat(this.chunks).toString('latin1');
    return waitFor(String(pattern), () => (this.ended || pattern.test(come()) ? come() : undefined), patience);
  }

  private read(): void {
    this.socket.on('data', (chunk: Buffer) => this.chunks.push(chunk)).resume();
  }

  /** Reads until the connection ends, or the large answer and `rest`. */
  async takes(rest?: RegExp): Promise<Taken> {
    this.read();
    const isThere = (): Taken | undefined => {
      const taken = takenOf(Buffer.concat(this.chunks).toString('latin1'));
      return this.ended || (taken.whole && rest?.test(taken.rest)) ? taken : undefined;
    };
    return waitFor('all that comes', isThere, { ...patience, intervalMs: 20 });
  }
}

const takenOf = (text: string): Taken => {
  let bytes = 0;
  let at = text.indexOf('\r\n\r\n') + 4;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return { bytes, whole: false, rest: '' };
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) return { bytes, whole: text.startsWith('\r\n', lineEnd + 2), rest: text.slice(lineEnd + 4) };
    bytes += Math.min(size, text.length - lineEnd - 2);
    at = lineEnd + 2 + size + 2;
  }
};

/** A router, a stamp and slow clients, all in this process but for what the kernel keeps between them. */
export class SlowWorld {
  private readonly stamp = new SlowStamp();
  private readonly clients: SlowClient[] = [];
  private tls: Awaited<ReturnType<typeof startTls>> | null = null;
  traffic!: TestTraffic;

  static async begin(way: SlowWay, idleMs = 30_000): Promise<SlowWorld> {
    const world = new SlowWorld();
    const transport = way === 'net' || way === 'tls' ? new NetTransport() : trustedHandles();
    const timeouts = { connectMs: 5_000, headMs: 30_000, idleMs };
    world.traffic = await startTraffic([await world.stamp.begin()], { transport, timeouts, on: way === 'general' ? 'general' : 'fast' });
    if (way === 'tls') world.tls = await startTls(world.traffic);
    return world;
  }

  async client(): Promise<SlowClient> {
    const to = { port: this.tls?.port ?? this.traffic.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true };
    const socket = this.tls ? connectTls({ ...to, servername: serverName, rejectUnauthorized: false }) : connect(to);
    await once(socket, this.tls ? 'secureConnect' : 'connect');
    socket.pause();
    const client = new SlowClient(socket);
    this.clients.push(client);
    return client;
  }

  /** The stamp answers the client that asked last, until something of it waits in the router; then it ends. Bytes of the body. */
  answered(): Promise<number> {
    return this.answers(pieceBytes, (stamp) => stamp.write('0\r\n\r\n'));
  }

  /** The same, where something waits already; then the stamp breaks off. */
  async breaksOff(): Promise<void> {
    await this.answers(1, (stamp) => stamp.destroy());
  }

  private async answers(size: number, end: (stamp: Socket) => void): Promise<number> {
    const piece = 'x'.repeat(size);
    const before = await this.unsentBytes();
    const stamp = await waitFor('the stamp to be asked', () => this.stamp.asked.shift(), patience);
    let bytes = 0;
    while ((await this.unsentBytes()) === before) {
      stamp.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      bytes += piece.length;
      // All ends but the kernel's share this loop: it goes through the router meanwhile.
      for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    }
    end(stamp);
    return bytes;
  }

  unsentBytes(): Promise<number> {
    return this.value('lapidary_router_unsent_bytes');
  }

  givenUp(cause: 'stalled' | 'stopped'): Promise<number> {
    return this.value('lapidary_router_clients_given_up_total', cause);
  }

  async value(metric: 'lapidary_router_unsent_bytes' | 'lapidary_router_clients_given_up_total', cause?: string): Promise<number> {
    const { values } = await this.traffic.metrics[metric].get();
    return values.find(({ labels }) => cause === undefined || labels['cause' as never] === cause)?.value ?? 0;
  }

  /** Until so many requests have been answered. */
  async counts(outcome: string, count = 1): Promise<void> {
    const isSo = async (): Promise<true | undefined> =>
      (await this.traffic.count('lapidary_router_requests_total'))[outcome] === count || undefined;
    await waitFor(`${count} ${outcome}`, isSo, patience);
  }

  async end(): Promise<void> {
    for (const { socket } of this.clients) socket.destroy();
    await this.tls?.close();
    await this.traffic.close();
    this.stamp.close();
  }
}

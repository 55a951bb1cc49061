import { createServer, type Server } from 'node:http';
import { createServer as createNetServer, type AddressInfo, type Server as NetServer } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { closeServer, listen } from '@lapidary/stamp-sdk/forward/forward.fixture';
import type { TrafficServer } from '../server.js';
import { startTraffic, type TestTraffic } from '../traffic.fixture.js';
import type { TrafficPolicy } from '../traffic-policy/traffic-policy.js';
import { Http2Front, type Http2Options } from './http2-front.js';
import { data, endHeaders, firstWindowBytes, headers, Http2Wire, usual, type Fields } from './wire.fixture.js';

const soon = { timeoutMs: 60_000, intervalMs: 5 };
export const until = async (what: string, check: () => boolean): Promise<void> =>
  void (await waitFor(what, () => check() || undefined, soon));

/** Hundreds of connections to the stamp within one event loop take a while on a loaded machine; a client that doesn't read is waited for. */
const timeouts = { connectMs: 8_000, headMs: 8_000, idleMs: 800 };

/** A request as the stamp saw it; `cut`: it ended before its body did. */
export interface Seen {
  readonly line: string;
  readonly raw: string[];
  body: string;
  whole: boolean;
  cut: boolean;
}

/** For tests: HTTP/2 without TLS before the general path, and a stamp that notes what it sees. */
export class Http2World {
  readonly seen: Seen[] = [];
  /** Bytes that the stamp's endless answer could write. */
  written = 0;
  /** Fields of the stamp's answers, by path. */
  readonly answers: Record<string, string[]> = {};
  /** Heads of answers that are not the last, without their version, by path. */
  readonly hints: Record<string, string[]> = {};
  traffic!: TestTraffic;
  private front!: Http2Front;
  port = 0;
  /** In the router's stead. */
  onRequest: Http2Options['serve'] | null = null;
  private readonly stamp: Server = createServer((request, response) => {
    const entry: Seen = { line: `${request.method} ${request.url}`, raw: request.rawHeaders, body: '', whole: false, cut: false };
    this.seen.push(entry);
    request.on('data', (chunk: Buffer) => (entry.body += chunk.toString()));
    request.on('error', () => undefined);
    request.on('close', () => (entry.cut = !request.complete));
    request.on('end', () => {
      entry.whole = true;
      if (request.url === '/endless') {
        const chunk = Buffer.alloc(64 * 1024);
        const more = (): void => {
          while (!response.destroyed && response.write(chunk)) this.written += chunk.length;
          response.once('drain', more);
        };
        return more();
      }
      for (const head of this.hints[request.url ?? ''] ?? []) response.socket?.write(`HTTP/1.1 ${head}\r\n\r\n`);
      const raw = this.answers[request.url ?? ''];
      if (raw) response.writeHead(Number(/\d{3}/.exec(entry.line)?.[0] ?? 200), raw);
      if (request.url !== '/hold') response.end(`got ${entry.body}`);
    });
  });
  private readonly doors: NetServer = createNetServer((socket) => this.front.attach(socket));

  static async begin(patience: Http2Options['patience'] = {}, policy?: TrafficPolicy, times = timeouts): Promise<Http2World> {
    const world = new Http2World();
    const doors = [`http://127.0.0.1:${await listen(world.stamp)}`];
    world.traffic = await startTraffic(doors, { timeouts: times, on: 'general', ...(policy && { policy }) });
    const general = world.traffic.server as TrafficServer;
    const { metrics } = world.traffic;
    const serve: Http2Options['serve'] = (...of) => (world.onRequest ?? general.serve.bind(general))(...of);
    world.front = new Http2Front({ metrics, serve, patience });
    await new Promise<void>((resolve) => world.doors.listen(0, '127.0.0.1', resolve));
    world.port = (world.doors.address() as AddressInfo).port;
    return world;
  }

  async end(): Promise<void> {
    this.front.destroy();
    await new Promise((resolve) => this.doors.close(resolve));
    await this.traffic.close();
    this.stamp.closeAllConnections();
    await closeServer(this.stamp);
  }

  open(first?: string): Promise<Http2Wire> {
    return Http2Wire.open(this.port, first);
  }

  nothingUnderWay(): Promise<void> {
    return until('nothing to be under way', () => this.traffic.server.inFlight.size === 0);
  }

  async endedFor(reason: string): Promise<number> {
    const { values } = await this.traffic.metrics.lapidary_router_http2_sessions_ended_total.get();
    return values.find(({ labels }) => labels['reason'] === reason)?.value ?? 0;
  }
}

/** For who has asked for something that is read here: what is sent before this may be more than the other end has room for. */
export const bodiesMayCome = (wire: Http2Wire): Promise<void> => until('room for a body', () => wire.windowBytes > firstWindowBytes);

/** The connection still serves: one more request has its answer. */
export const stillServes = async (wire: Http2Wire, stream: number): Promise<void> => {
  wire.send(headers(stream, usual('POST', '/after'), endHeaders));
  await bodiesMayCome(wire);
  wire.send(data(stream, 'ok'));
  await until('the next request’s answer', () => wire.body(stream) === 'got ok');
};

export const withFields = (...fields: Fields): Fields => [...usual(), ...fields];

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Logger } from '@lapidary/telemetry/logger';
import type { RouterMetrics } from '../metrics.js';
import { readQuery } from './read-query.js';
import { respond, truncatedAnswer, type Transport } from './respond.js';
import { ResponseRate } from './response-rate.js';
import { serveStream } from './tcp-stream.js';
import type { DnsDirectory, DnsWorld, Zone } from './zone.js';

export interface DnsServerOptions {
  readonly zone: Zone;
  readonly directory: DnsDirectory;
  readonly metrics: RouterMetrics;
  readonly logger: Logger;
}

/** TCP is for answers that were cut, which are rare; more connections than this are somebody's attempt to hold them all. */
const connectionsMax = 512;
/** Both transports must get the same number; another process may have one of them. */
const portAttempts = 10;

/** The name server of the base domain and of custom hosts (P-ST7), over UDP and TCP on one port. */
export class DnsServer {
  private readonly rate = new ResponseRate();
  private readonly connections = new Set<Socket>();
  private udp: UdpSocket | null = null;
  private tcp: Server | null = null;

  constructor(private readonly options: DnsServerOptions) {}

  async listen(host: string, port: number): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      const tcp = await this.listenTcp(host, port);
      const bound = (tcp.address() as AddressInfo).port;
      try {
        this.udp = await this.bindUdp(host, bound);
        this.tcp = tcp;
        return bound;
      } catch (error) {
        await new Promise((resolve) => tcp.close(resolve));
        if (port !== 0 || attempt === portAttempts) throw error;
      }
    }
  }

  async close(): Promise<void> {
    const { udp, tcp } = this;
    this.udp = null;
    this.tcp = null;
    for (const connection of this.connections) connection.destroy();
    await Promise.all([udp && new Promise<void>((resolve) => udp.close(resolve)), tcp && new Promise((resolve) => tcp.close(resolve))]);
  }

  private world(): DnsWorld {
    return { directory: this.options.directory, zone: this.options.zone, nowMs: Date.now() };
  }

  private answer(bytes: Buffer, transport: Transport): Buffer | null {
    const { metrics } = this.options;
    const response = respond(bytes, transport, this.world());
    if (response.kind === 'drop') {
      metrics.lapidary_router_dns_dropped_total.inc({ reason: response.reason });
      return null;
    }
    metrics.lapidary_router_dns_answers_total.inc({ transport, outcome: response.outcome });
    return response.bytes;
  }

  private onDatagram(socket: UdpSocket, bytes: Buffer, from: RemoteInfo): void {
    // Port 0 can't be answered, and some ports of old services answer whatever comes: loops.
    if (from.port === 0) return void this.options.metrics.lapidary_router_dns_dropped_total.inc({ reason: 'malformed' });
    const verdict = this.rate.take(from.address, performance.now());
    if (verdict !== 'answer') this.options.metrics.lapidary_router_dns_limited_total.inc({ verdict });
    if (verdict === 'drop') return;
    const answer = verdict === 'cut' ? cutAnswer(bytes) : this.answer(bytes, 'udp');
    // What can't be sent is asked again: UDP promises nothing.
    if (answer) socket.send(answer, from.port, from.address, () => undefined);
  }

  private async bindUdp(host: string, port: number): Promise<UdpSocket> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', reuseAddr: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => resolve(void socket.off('error', reject)));
    });
    socket.on('error', (error) => this.options.logger.warn({ err: error }, 'the DNS socket reports an error'));
    socket.on('message', (bytes, from) => this.onDatagram(socket, bytes, from));
    return socket;
  }

  private async listenTcp(host: string, port: number): Promise<Server> {
    const server = createServer((socket) => {
      this.connections.add(socket);
      socket.once('close', () => this.connections.delete(socket));
      serveStream(socket, (bytes) => this.answer(bytes, 'tcp'));
    });
    server.maxConnections = connectionsMax;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve(void server.off('error', reject)));
    });
    return server;
  }
}

const cutAnswer = (bytes: Buffer): Buffer | null => {
  const read = readQuery(bytes);
  return read.kind === 'query' ? truncatedAnswer(read.query) : null;
};

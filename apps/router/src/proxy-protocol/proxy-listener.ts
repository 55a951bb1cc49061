import { createServer, type Server, type Socket } from 'node:net';
import { closeWithEmptyQueue } from '../closing.js';
import { cameTrueBeforeQuiet, countdown } from '../leave.js';
import { listen, type ListenPlace } from '../listening.js';
import type { RouterMetrics } from '../metrics.js';
import type { ClientAddresses } from './client-addresses.js';
import type { Networks } from './networks.js';
import { readProxyHeader } from './read-header.js';

/** The header is the first packet of a connection that stands already; who is slower holds connections. */
const headerMs = 3_000;

export interface ProxyListenerOptions {
  /** Whose headers are believed; others are not even listened to. */
  readonly isSender: Networks;
  readonly addresses: ClientAddresses;
  readonly metrics: RouterMetrics;
  /** Takes the connection, with what came behind the header unread in it. */
  readonly onConnection: (socket: Socket) => void;
  /** For tests; else headerMs. */
  readonly headerMs?: number;
}

/**
 * A port behind load balancers that say by the PROXY protocol who the client is. Connections of anybody else are closed: such a port has
 * no other business, and one who may talk to it directly passes by what the load balancer checks.
 */
export class ProxyListener {
  private readonly server: Server;
  private readonly waiting = new Set<Socket>();

  constructor(private readonly options: ProxyListenerOptions) {
    this.server = createServer({ pauseOnConnect: false, noDelay: true }, (socket) => this.greet(socket));
  }

  listen(place: ListenPlace): Promise<number> {
    return listen(this.server, place);
  }

  /** Takes what has come, then no new connections; those that were handed on are not ours any more. */
  async close(graceMs: number): Promise<void> {
    const left = countdown(graceMs);
    await closeWithEmptyQueue(this.server, left());
    await cameTrueBeforeQuiet(() => this.waiting.size === 0, left());
    for (const socket of this.waiting) socket.destroy();
  }

  private greet(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    if (!this.options.isSender(socket.remoteAddress)) return this.refuse(socket, 'sender');
    this.waiting.add(socket);
    let held: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => this.refuse(socket, 'slow'), this.options.headerMs ?? headerMs);
    const over = (): void => {
      clearTimeout(timer);
      this.waiting.delete(socket);
      socket.off('data', onData);
      socket.off('close', over);
    };
    const onData = (chunk: Buffer): void => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const read = readProxyHeader(held);
      if (read.kind === 'more') return;
      over();
      if (read.kind === 'bad') return this.refuse(socket, 'header');
      socket.pause();
      if (read.client) this.options.addresses.tell(socket, read.client.address);
      const rest = held.subarray(read.bytes);
      if (rest.length > 0) socket.unshift(rest);
      this.options.onConnection(socket);
    };
    socket.on('data', onData);
    socket.once('close', over);
  }

  private refuse(socket: Socket, reason: 'sender' | 'header' | 'slow'): void {
    this.options.metrics.lapidary_router_proxy_refused_total.inc({ reason });
    socket.destroy();
  }
}

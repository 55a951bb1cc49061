import type { Socket } from 'node:net';
import type { RouterConfig } from '@lapidary/config/router';
import { AppError } from '@lapidary/kernel/app-error';
import type { Logger } from '@lapidary/telemetry/logger';
import { Http2Front } from './http2/http2-front.js';
import { countdown } from './leave.js';
import type { RouterMetrics } from './metrics.js';
import type { ClientFacts } from './proxy-protocol/client-facts.js';
import type { ClientBook } from './proxy-protocol/client-book.js';
import type { ListenPlace } from './listening.js';
import { networksOf } from './proxy-protocol/networks.js';
import { ProxyListener } from './proxy-protocol/proxy-listener.js';
import type { TrafficServer } from './server.js';
import { TlsServer } from './tls/tls-server.js';

export interface EdgePorts {
  /** Plain HTTP behind load balancers that speak the PROXY protocol; else the traffic port is the engine's. */
  readonly proxiedPort: number | undefined;
  readonly tlsPort: number | undefined;
}

export type Http1Taker = (socket: Socket, proto: ClientFacts['proto']) => void;

/**
 * The ways in beside the plain traffic port: TLS with HTTP/1.1 and HTTP/2, and either port behind load balancers that speak the PROXY protocol. HTTP/1.1 goes
 * where that of the plain port goes, HTTP/2 to the general path.
 */
export class Edges {
  private readonly listeners: ProxyListener[] = [];
  private tls: TlsServer | null = null;
  private readonly http2: Http2Front;

  constructor(
    private readonly config: RouterConfig,
    private readonly general: TrafficServer,
    /** Takes connections of HTTP/1.1. */
    private readonly http1: Http1Taker,
    private readonly book: ClientBook,
    private readonly metrics: RouterMetrics,
    private readonly logger: Logger,
  ) {
    this.http2 = new Http2Front({ metrics, serve: (...of) => general.serve(...of) });
  }

  /** Whether the plain port is one of ours, because of the PROXY protocol. */
  get takesPlainPort(): boolean {
    return this.config.LAPIDARY_PROXY_PROTOCOL.includes('http');
  }

  /** Where the ports are, as far as they are ours. */
  async listen(http: ListenPlace, tls: ListenPlace): Promise<EdgePorts> {
    const { config, general } = this;
    const senders = config.LAPIDARY_PROXY_SENDERS;
    if (config.LAPIDARY_PROXY_PROTOCOL.length > 0 && senders.length === 0)
      throw new AppError(
        'config_invalid',
        'LAPIDARY_PROXY_PROTOCOL needs LAPIDARY_PROXY_SENDERS: from anybody, the header would be worth nothing',
      );
    const proxiedPort = this.takesPlainPort ? await this.behindProxies((socket) => this.http1(socket, 'http')).listen(http) : undefined;
    const tlsPort = config.LAPIDARY_TLS_DIR === undefined ? undefined : await this.listenTls(config.LAPIDARY_TLS_DIR, tls);
    if (proxiedPort !== undefined || tlsPort !== undefined) general.keepTime();
    return { proxiedPort, tlsPort };
  }

  /**
   * Takes what has come, then no new connections, and tells clients of HTTP/2 so. What has been handed on ends with the general path's
   * drain.
   */
  async leave(graceMs: number): Promise<void> {
    const left = countdown(graceMs);
    this.http2.drain();
    await Promise.all(this.listeners.map((listener) => listener.close(left())));
    await this.tls?.close(left());
    // Those that came meanwhile.
    this.http2.drain();
  }

  /** After the drain of the general path: its answers over HTTP/2 get through to their clients. */
  end(graceMs: number): Promise<void> {
    return this.http2.end(graceMs);
  }

  /** After that: what is left. */
  destroy(): void {
    this.http2.destroy();
  }

  private async listenTls(folder: string, place: ListenPlace): Promise<number> {
    const { config, metrics, logger } = this;
    const tls = await TlsServer.start({
      folder,
      metrics,
      logger,
      onHttp1: (socket) => this.http1(socket, 'https'),
      onHttp2: (socket) => this.http2.attach(socket),
    });
    this.tls = tls;
    return config.LAPIDARY_PROXY_PROTOCOL.includes('https')
      ? this.behindProxies((socket) => tls.attach(socket)).listen(place)
      : tls.listen(place);
  }

  private behindProxies(onConnection: (socket: Socket) => void): ProxyListener {
    const isSender = networksOf(this.config.LAPIDARY_PROXY_SENDERS, 'LAPIDARY_PROXY_SENDERS');
    const listener = new ProxyListener({ isSender, addresses: this.book.addresses, metrics: this.metrics, onConnection });
    this.listeners.push(listener);
    return listener;
  }
}

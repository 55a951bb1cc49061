import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { gaugeOf } from '@lapidary/telemetry/tally';
import type { RouterMetrics } from './metrics.js';

/** What is being worked on, by connection: for draining, and to know when an error may be answered. */
export class InFlight {
  private readonly responses = new Map<Duplex, Set<ServerResponse>>();
  /** Asked for, and neither open nor refused. */
  private readonly upgrades = new Set<Duplex>();
  private readonly tunnels = new Set<Duplex>();
  private readonly condemned = new WeakSet<Duplex>();
  private count = 0;
  private onChange: () => void = () => undefined;

  constructor(private readonly metrics: RouterMetrics) {
    gaugeOf(metrics.lapidary_router_in_flight, () => this.count);
  }

  /** Requests under way, tunnels not counted. */
  get size(): number {
    return this.count;
  }

  /** Returns what to call when the exchange is over. One that asks for a tunnel is a request like others until it has it. */
  add(socket: Duplex, response: ServerResponse, tunnel: Duplex | undefined): () => void {
    if (tunnel) return this.addUpgrade(tunnel);
    const ofSocket = this.responses.get(socket) ?? new Set();
    this.responses.set(socket, ofSocket.add(response));
    this.enter();
    return () => {
      ofSocket.delete(response);
      if (ofSocket.size === 0) this.responses.delete(socket);
      this.leave();
    };
  }

  /** One more request that is not a node:http response; leave() once for each. */
  enter(): void {
    this.count += 1;
  }

  leave(): void {
    this.count -= 1;
    this.onChange();
  }

  /**
   * Nothing more is taken from this connection. Node has often parsed a pipelined request already when the one before it
   * turns out to be readable in two ways; what stands behind such a request may be part of it.
   */
  condemn(socket: Duplex): void {
    this.condemned.add(socket);
  }

  isCondemned(socket: Duplex): boolean {
    return this.condemned.has(socket);
  }

  /**
   * For bytes that are no request behind requests that have come whole: these are answered, then the connection ends. Returns
   * whether there were any. An error in the body of the last one is that request's own.
   */
  endAfterAnswers(socket: Duplex): boolean {
    const last = [...(this.responses.get(socket) ?? [])].filter((response) => !response.writableEnded).at(-1);
    if (!last?.req.complete) return false;
    this.condemn(socket);
    last.shouldKeepAlive = false;
    last.once('finish', () => socket.end());
    return true;
  }

  /** A connection may be told of an error unless an answer has begun on it, or would follow. */
  mayAnswerOn(socket: Duplex): boolean {
    const open = [...(this.responses.get(socket) ?? [])].filter((response) => !response.writableEnded);
    return open.length === 0 || (open.length === 1 && !open[0]!.headersSent);
  }

  /** Whether nothing is worked on for this connection. */
  isIdle(socket: Duplex): boolean {
    return !this.responses.has(socket) && !this.upgrades.has(socket) && !this.tunnels.has(socket);
  }

  isTunnel(socket: Duplex): boolean {
    return this.tunnels.has(socket);
  }

  /** Every answer that has not begun says that the connection closes. */
  endConnections(): void {
    for (const responses of this.responses.values()) for (const response of responses) response.shouldKeepAlive = false;
  }

  /** Ends when nothing is in flight or the grace is over. */
  async drain(graceMs: number, afterEach: () => void): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.onChange = () => {
        setImmediate(afterEach);
        if (this.count > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Tunnels have no end of their own; their clients connect again, elsewhere. Nobody else would end what is still to become one. */
  cutTunnels(): void {
    for (const socket of [...this.upgrades, ...this.tunnels]) socket.destroy();
  }

  /** Its stamp has switched protocols: it is waited for no longer. */
  becameTunnel(socket: Duplex | undefined): void {
    if (socket === undefined || !this.upgrades.delete(socket)) return;
    this.tunnels.add(socket);
    this.countTunnels();
    this.leave();
  }

  private addUpgrade(socket: Duplex): () => void {
    this.upgrades.add(socket);
    this.enter();
    return () => {
      if (this.upgrades.delete(socket)) return this.leave();
      this.tunnels.delete(socket);
      this.countTunnels();
    };
  }

  private countTunnels(): void {
    this.metrics.lapidary_router_tunnels.set(this.tunnels.size);
  }
}

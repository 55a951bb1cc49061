import { freeSocketMs } from '@lapidary/stamp-sdk/forward/upstream-bounds';
import { gaugeOf } from '@lapidary/telemetry/tally';
import type { Socket } from 'node:net';
import type { ClientFacts } from '../proxy-protocol/client-facts.js';
import { GuardedTransport } from '../transport/guarded-transport.js';
import { cameTrue, cameTrueBeforeQuiet, countdown, some } from '../leave.js';
import type { ListenPlace } from '../listening.js';
import type { Tier } from '../transport/raw-tier.js';
import { StreamWire } from '../transport/stream-wire.js';
import type { Listener, Transport } from '../transport/wire.js';
import type { TrafficServer, TrafficServerOptions } from '../server.js';
import { ClientConnection } from './client-connection.js';
import { LinkLanes, type LinkLanesOptions } from '../link/link-lanes.js';
import { DeadlineWheel } from './deadline-wheel.js';
import type { EngineContext } from './engine-context.js';
import { Lanes } from './lanes.js';
import { RouteCache } from './route-cache.js';

/**
 * The traffic port on the fast path: requests in plain HTTP/1.1 are scanned, decided and forwarded here; connections with
 * anything else (Upgrade, Expect, HTTP/1.0, odd Connection values) go, bytes and all, to the general path.
 */
export class FastServer {
  private readonly wheel: DeadlineWheel;
  private readonly transport: GuardedTransport;
  private readonly lanes: Lanes;
  private readonly links: LinkLanes | null;
  private readonly context: EngineContext;
  private listener: Listener | null = null;
  private forgetTier: () => void = () => undefined;

  constructor(
    options: TrafficServerOptions,
    private readonly general: TrafficServer,
    transport: Transport,
    /** Stamp links, tried before plain connections; null: none. */
    links: Pick<LinkLanesOptions, 'routerId' | 'key'> | null = null,
  ) {
    const { metrics, logger } = options;
    const report = (error: unknown): void => logger.error({ err: error }, 'a connection failed inside the router');
    this.transport = new GuardedTransport(transport, report);
    this.wheel = new DeadlineWheel(report);
    this.lanes = new Lanes(this.transport, this.wheel, { connectMs: options.timeouts.connectMs, idleMs: freeSocketMs });
    this.links = links && new LinkLanes({ ...links, plain: this.lanes, pastStream: () => this.transport.pastStream, metrics, logger });
    const lanes = this.links ?? this.lanes;
    this.context = {
      wheel: this.wheel,
      lanes,
      routes: new RouteCache(options, lanes),
      policy: options.policy,
      refusals: general.refusals,
      thaw: general.thaw,
      identification: options.identification ?? (() => undefined),
      metrics: options.metrics,
      observer: general.observer,
      logger: options.logger,
      timeouts: options.timeouts,
      inFlight: general.inFlight,
      refreshTenant: options.refreshTenant,
      general,
      clients: new Set(),
      draining: false,
    };
    gaugeOf(metrics.lapidary_router_unsent_bytes, () => this.unsentBytes);
  }

  private get unsentBytes(): number {
    let sum = this.general.unsentBytes;
    for (const { unsentBytes } of this.context.clients) sum += unsentBytes;
    return sum;
  }

  get inFlight(): TrafficServer['inFlight'] {
    return this.general.inFlight;
  }

  async listen(place: ListenPlace): Promise<number> {
    this.general.keepTime();
    this.listener = await this.transport.listen(place, (wire) => new ClientConnection(this.context, wire, 'http'));
    this.watchTier();
    return this.listener.port;
  }

  /** Instead of listen(), where all connections are attached. */
  async prepare(): Promise<void> {
    this.general.keepTime();
    await this.transport.prepare();
    this.watchTier();
  }

  /** Takes a connection that somebody else has accepted. */
  attach(socket: Socket, { address, proto }: ClientFacts): void {
    const wire = new StreamWire(socket, address);
    wire.start(this.transport.guard(wire, new ClientConnection(this.context, wire, proto)));
  }

  /** What connections are, and why. */
  get tier(): Tier {
    return this.transport.tier;
  }

  /** From now on every answer ends its connection. */
  leave(): void {
    this.context.draining = true;
    this.general.leave();
  }

  /** Takes no new connections, lets what is being worked on end within `graceMs`, then cuts what is left, tunnels too. */
  async drain(graceMs: number): Promise<void> {
    const { clients } = this.context;
    const left = countdown(graceMs);
    this.leave();
    await Promise.all([this.stopListening(left()), this.general.stopListening(left())]);
    for (const client of clients) if (client.isIdle) client.closeWhenSent();
    await cameTrue(() => !some(clients, ({ hasBegun }) => hasBegun), left());
    await this.general.end(left());
    await cameTrue(() => !some(clients, ({ unsentBytes }) => unsentBytes > 0), left());
    // A client that has its last answer closes its side; to close on what it sent meanwhile would reset the answer.
    await cameTrueBeforeQuiet(() => clients.size === 0, left());
    this.links?.close();
    for (const client of clients) client.giveUp('stopped');
    this.lanes.destroy();
    this.forgetTier();
  }

  private watchTier(): void {
    const { logger } = this.context;
    const { state: tier, reason } = this.tier;
    logger.info({ tier, reason }, 'connections of the fast engine');
    this.forgetTier = this.tier.onAbandoned((why) =>
      logger.error({ reason: why }, 'a handle has surprised: new connections are sockets of node:net from now on'),
    );
  }

  private async stopListening(graceMs: number): Promise<void> {
    const left = countdown(graceMs);
    await this.listener?.close(left());
    await cameTrueBeforeQuiet(() => !some(this.context.clients, ({ isIdle }) => isIdle), left());
  }

  /** Sets the gauges of what is under way. */
  countNow(): void {
    this.links?.countNow();
  }

  /** Lets go of connections to front doors that are no longer in use. */
  keepOnly(frontDoors: ReadonlySet<string>): void {
    this.lanes.keepOnly(frontDoors);
    this.links?.sweep(frontDoors);
  }
}

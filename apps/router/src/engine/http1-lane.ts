import type { Transport, Wire, WireHandler } from '../transport/wire.js';
import type { DeadlineWheel } from './deadline-wheel.js';
import { Http1Connection } from './http1-connection.js';
import type { Http1Pool, LaneLimits } from './http1-pool.js';
import type { LaneExchange, LaneRequest, LaneSink, UpstreamLane } from './upstream-lane.js';

/** Beyond every bulkhead: what is over it is a fault, and must not take all of the process's descriptors. */
const connectionsMax = 4096;
/**
 * As many as were in use at one time stay until they have been idle for long: to close what the next burst opens anew costs
 * both sides more than they do, and uses up ports.
 */
const idleMax = 1024;

/** The pool of one front door: a slow one uses up its own connections only (P-BH1). Last in, first out, so that a burst's connections age. */
export class Http1Lane implements UpstreamLane, Http1Pool<Http1Connection> {
  private readonly idle: Http1Connection[] = [];
  private readonly all = new Set<Http1Connection>();

  constructor(
    private readonly transport: Transport,
    readonly wheel: DeadlineWheel,
    private readonly target: { readonly host: string; readonly port: number },
    readonly limits: LaneLimits,
  ) {}

  get size(): number {
    return this.all.size;
  }

  get idleSize(): number {
    return this.idle.length;
  }

  send(request: LaneRequest, sink: LaneSink): LaneExchange {
    const idle = request.fresh ? undefined : this.idle.pop();
    if (idle) {
      idle.begin(request, sink);
      return idle;
    }
    if (this.all.size >= connectionsMax) return fullLane(sink);
    const made = new Http1Connection(this, request, sink);
    this.all.add(made);
    return made;
  }

  connect(handler: WireHandler): Wire {
    return this.transport.connect(this.target.host, this.target.port, handler);
  }

  keep(connection: Http1Connection): void {
    this.idle.push(connection);
    if (this.idle.length > idleMax) this.idle[0]!.close();
  }

  forget(connection: Http1Connection): void {
    this.all.delete(connection);
    const at = this.idle.lastIndexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
  }

  /** Idle connections are closed; those in use end with their request. */
  closeIdle(): void {
    for (const connection of [...this.idle]) connection.close();
  }

  destroy(): void {
    for (const connection of [...this.all]) connection.close();
  }
}

/** An exchange that has failed before it began. */
const fullLane = (sink: LaneSink): LaneExchange => {
  const told = setImmediate(() => sink.onFailed({ kind: 'unreachable', reason: `${connectionsMax} connections are in use` }));
  const nothing = (): void => undefined;
  return {
    isOpen: false,
    write: () => false,
    flush: nothing,
    end: nothing,
    pause: nothing,
    resume: nothing,
    cancel: () => clearImmediate(told),
  };
};

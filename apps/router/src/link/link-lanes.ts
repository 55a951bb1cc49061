import type { LinkFault } from '@lapidary/stamp-sdk/link/frames';
import type { PastStream } from '@lapidary/stamp-sdk/link/link-socket';
import type { Logger } from '@lapidary/telemetry/logger';
import { plainTarget, type LaneFinder } from '../engine/lanes.js';
import type { LaneExchange, LaneRequest, LaneSink, UpstreamLane } from '../engine/upstream-lane.js';
import type { RouterMetrics } from '../metrics.js';
import { nowMs } from '../read-clock.js';
import { LinkExchange } from './link-exchange.js';
import { LinkPool } from './link-pool.js';

export interface LinkLanesOptions {
  /** Plain HTTP/1.1: for front doors without links, and whenever no link is open. */
  readonly plain: LaneFinder;
  readonly routerId: string;
  readonly key: string | null;
  /** Known once the router listens; null: links write as streams do. */
  readonly pastStream: () => PastStream | null;
  readonly logger: Logger;
  readonly metrics: RouterMetrics;
}

/** The way to one front door: a link where one is open and has room, plain HTTP/1.1 else. A request never waits for a link. */
class LinkLane implements UpstreamLane {
  constructor(
    readonly stamp: string,
    readonly plain: UpstreamLane,
    readonly pool: LinkPool,
  ) {}

  send(request: LaneRequest, sink: LaneSink): LaneExchange {
    const link = request.fresh ? null : this.pool.pick(nowMs());
    if (link === null) return this.plain.send(request, sink);
    const exchange = new LinkExchange(link, request, sink, this.plain);
    return exchange.begin() ? exchange : this.plain.send(request, sink);
  }
}

/** Finds the lane of a front door, and opens links to those that speak them. */
export class LinkLanes implements LaneFinder {
  private readonly doors = new Map<string, LinkLane>();

  constructor(private readonly options: LinkLanesOptions) {}

  lane(frontDoor: string, stamp: string): UpstreamLane | null {
    const known = this.doors.get(frontDoor);
    // An address that was given to another stamp: its links lead to whom we don't mean any more.
    return known?.stamp === stamp ? known : this.open(frontDoor, stamp);
  }

  /** Lets go of front doors that are no longer in use, and of links that nobody wants. Counts what there is. */
  sweep(frontDoors: ReadonlySet<string>): void {
    const nowMs = performance.now();
    for (const [frontDoor, { pool }] of this.doors) {
      if (frontDoors.has(frontDoor)) pool.sweep(nowMs);
      else this.forget(frontDoor);
    }
  }

  /** For the metrics page, when it is asked for. */
  countNow(): void {
    const { metrics } = this.options;
    const sum = (of: (pool: LinkPool) => number): number => [...this.doors.values()].reduce((total, { pool }) => total + of(pool), 0);
    metrics.lapidary_router_links.set(sum((pool) => pool.openCount));
    metrics.lapidary_router_link_streams.set(sum((pool) => pool.streamCount));
    metrics.lapidary_router_link_streams_blocked.set(sum((pool) => pool.blockedCount));
  }

  /** No new requests on links; those under way end. */
  leave(): void {
    for (const { pool } of this.doors.values()) pool.leave();
  }

  close(): void {
    for (const { pool } of this.doors.values()) pool.close();
    this.doors.clear();
  }

  private open(frontDoor: string, stamp: string): UpstreamLane | null {
    this.forget(frontDoor);
    const { plain, routerId, key, pastStream } = this.options;
    const lane = plain.lane(frontDoor, stamp);
    if (lane === null) return null;
    const onClosed = (fault: LinkFault | 'not_spoken', detail: string): void => this.closed(frontDoor, fault, detail);
    const pool = new LinkPool({ ...plainTarget(new URL(frontDoor)), stamp, routerId, key, pastStream: pastStream(), onClosed });
    const made = new LinkLane(stamp, lane, pool);
    this.doors.set(frontDoor, made);
    return made;
  }

  private forget(frontDoor: string): void {
    this.doors.get(frontDoor)?.pool.leave();
    this.doors.delete(frontDoor);
  }

  private closed(frontDoor: string, fault: LinkFault | 'not_spoken', detail: string): void {
    this.options.metrics.lapidary_router_links_closed_total.inc({ fault });
    const level = fault === 'unauthenticated' || fault === 'incompatible' ? 'error' : 'debug';
    this.options.logger[level]({ frontDoor, fault, detail }, 'a link has ended');
  }
}

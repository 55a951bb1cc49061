import type { Transport } from '../transport/wire.js';
import type { DeadlineWheel } from './deadline-wheel.js';
import { Http1Lane } from './http1-lane.js';
import type { LaneLimits } from './http1-pool.js';
import type { UpstreamLane } from './upstream-lane.js';

/** What is known of a front door's address. */
interface Door {
  /** null: its requests are the general path's (TLS, a base path). */
  readonly lane: Http1Lane | null;
}

/** Finds the lane of a front door. */
export interface LaneFinder {
  /** null where only the general path can speak to it. `stamp`: whose front door it is. */
  lane(frontDoor: string, stamp: string): UpstreamLane | null;
}

/** One HTTP/1.1 lane per front door, made when first used. */
export class Lanes implements LaneFinder {
  private readonly doors = new Map<string, Door>();

  constructor(
    private readonly transport: Transport,
    private readonly wheel: DeadlineWheel,
    private readonly limits: LaneLimits,
  ) {}

  lane(frontDoor: string): UpstreamLane | null {
    return (this.doors.get(frontDoor) ?? this.open(frontDoor)).lane;
  }

  /** Connections in all lanes. */
  get size(): number {
    return [...this.doors.values()].reduce((sum, { lane }) => sum + (lane?.size ?? 0), 0);
  }

  /** Lets go of front doors that are no longer in use. */
  keepOnly(frontDoors: ReadonlySet<string>): void {
    for (const [frontDoor, { lane }] of this.doors) {
      if (frontDoors.has(frontDoor)) continue;
      this.doors.delete(frontDoor);
      lane?.closeIdle();
    }
  }

  destroy(): void {
    for (const { lane } of this.doors.values()) lane?.destroy();
    this.doors.clear();
  }

  private open(frontDoor: string): Door {
    const { protocol, hostname, port, pathname } = new URL(frontDoor);
    const isPlain = protocol === 'http:' && pathname === '/';
    const target = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 80 : Number(port) };
    const door = { lane: isPlain ? new Http1Lane(this.transport, this.wheel, target, this.limits) : null };
    this.doors.set(frontDoor, door);
    return door;
  }
}

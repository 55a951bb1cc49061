import type { StampRoute } from '@lapidary/contracts/directory';
import { socketHost } from '@lapidary/stamp-sdk/forward/upstream';
import type { Transport } from '../transport/wire.js';
import type { DeadlineWheel } from './deadline-wheel.js';
import { Http1Lane } from './http1-lane.js';
import type { LaneLimits } from './http1-pool.js';
import type { UpstreamLane } from './upstream-lane.js';

/** Where a front door of plain HTTP listens. */
export const plainTarget = (url: URL): { readonly host: string; readonly port: number } => ({
  host: socketHost(url),
  port: url.port === '' ? 80 : Number(url.port),
});

/** Finds the lane of a front door. */
export interface LaneFinder {
  /** null where only the general path can speak to it. `stamp`: whose front door it is. */
  lane(frontDoor: string, stamp: string): UpstreamLane | null;
}

/** Whether the fast path can speak to all front doors of a stamp. */
export const speakTo = (lanes: LaneFinder, { frontDoors, stamp }: StampRoute): boolean => {
  for (const door of frontDoors) if (lanes.lane(door, stamp) === null) return false;
  return true;
};

/** One HTTP/1.1 lane per front door, made when first used. */
export class Lanes implements LaneFinder {
  /** null: requests of that front door are the general path's (TLS, a base path). */
  private readonly doors = new Map<string, Http1Lane | null>();

  constructor(
    private readonly transport: Transport,
    private readonly wheel: DeadlineWheel,
    private readonly limits: LaneLimits,
  ) {}

  lane(frontDoor: string): UpstreamLane | null {
    const known = this.doors.get(frontDoor);
    return known === undefined ? this.open(frontDoor) : known;
  }

  /** Connections in all lanes. */
  get size(): number {
    return [...this.doors.values()].reduce((sum, lane) => sum + (lane?.size ?? 0), 0);
  }

  /** Lets go of front doors that are no longer in use. */
  keepOnly(frontDoors: ReadonlySet<string>): void {
    for (const [frontDoor, lane] of this.doors) {
      if (frontDoors.has(frontDoor)) continue;
      this.doors.delete(frontDoor);
      lane?.closeIdle();
    }
  }

  destroy(): void {
    for (const lane of this.doors.values()) lane?.destroy();
    this.doors.clear();
  }

  private open(frontDoor: string): Http1Lane | null {
    const url = new URL(frontDoor);
    const isPlain = url.protocol === 'http:' && url.pathname === '/';
    const lane = isPlain ? new Http1Lane(this.transport, this.wheel, plainTarget(url), this.limits) : null;
    this.doors.set(frontDoor, lane);
    return lane;
  }
}

import type { RouterHeartbeat } from '@lapidary/contracts/router-protocol';
import { HeardRouters } from './heard-routers.js';

/** A router that has been silent for this long is gone. */
const forgottenAfterMs = 30_000;

/** The region's routers, by their last heartbeats. */
export class RouterFleet {
  private readonly routers = new HeardRouters<RouterHeartbeat>(forgottenAfterMs);

  hear(heartbeat: RouterHeartbeat, nowMs: number = Date.now()): void {
    this.routers.hear(heartbeat.router, heartbeat, nowMs);
  }

  /** Those that live, and the names of those that were forgotten by this call. */
  look(nowMs: number = Date.now()): { readonly live: readonly RouterHeartbeat[]; readonly gone: readonly string[] } {
    const gone = this.routers.forget(nowMs);
    return { live: this.routers.live(nowMs).map(([, heartbeat]) => heartbeat), gone };
  }
}

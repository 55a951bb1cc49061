import type { RouterHeartbeat } from '@lapidary/contracts/router-protocol';

/** A router that has been silent for this long is gone; routers come and go without telling. */
const forgottenAfterMs = 30_000;

/** The region's routers, by their last heartbeats; in memory, since any replica hears them all. */
export class RouterFleet {
  private readonly routers = new Map<string, { readonly heartbeat: RouterHeartbeat; readonly heardAtMs: number }>();

  hear(heartbeat: RouterHeartbeat, nowMs: number = Date.now()): void {
    this.routers.set(heartbeat.router, { heartbeat, heardAtMs: nowMs });
  }

  /** Those that live, and the names of those that were forgotten by this call. */
  look(nowMs: number = Date.now()): { readonly live: readonly RouterHeartbeat[]; readonly gone: readonly string[] } {
    const gone = [...this.routers].filter(([, r]) => nowMs - r.heardAtMs > forgottenAfterMs).map(([name]) => name);
    for (const name of gone) this.routers.delete(name);
    return { live: [...this.routers.values()].map((r) => r.heartbeat), gone };
  }
}

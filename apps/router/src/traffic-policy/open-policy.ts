import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { AttemptOutcome, Foreseen, Refused, TrafficPolicy } from './traffic-policy.js';

/** Long enough to spare most requests a refused connection, short enough that a restarted door is found again at once. */
const avoidMs = 2_000;

/**
 * No limits; a stamp's front doors in turn, passing over those that have just refused a connection. With all of them
 * failed the turn decides alone, since a door that is tried recovers and one that is given up does not.
 */
export class OpenPolicy implements TrafficPolicy {
  private readonly turns = new Map<string, number>();
  private readonly avoidedUntilMs = new Map<string, number>();

  admit(): 'go' {
    return 'go';
  }

  release(): void {
    // Nothing is held.
  }

  choose(stamp: StampRoute, except: ReadonlySet<string>, nowMs: number): string | Refused {
    const turn = this.turns.get(stamp.stamp) ?? 0;
    this.turns.set(stamp.stamp, turn + 1);
    return this.doorAt(turn, stamp, except, nowMs);
  }

  attempted(_stamp: string, frontDoor: string, outcome: AttemptOutcome, _tookMs: number, nowMs: number): void {
    // Only a door that takes no connection is passed over: one bad answer may be one tenant's, and must not be felt by others.
    if (outcome === 'unreachable') this.avoidedUntilMs.set(frontDoor, nowMs + avoidMs);
    else if (outcome === 'answered') this.avoidedUntilMs.delete(frontDoor);
  }

  mayRetry(): boolean {
    return true;
  }

  foresee(_tenant: TenantRoute, stamp: StampRoute, nowMs: number): Foreseen {
    const door = this.doorAt(this.turns.get(stamp.stamp) ?? 0, stamp, new Set(), nowMs);
    const select = typeof door === 'string' ? `front door ${door}, 1 of ${stamp.frontDoors.length}` : door.reason;
    return { admission: 'go', door, reasons: { limits: 'no limits', select } };
  }

  private doorAt(turn: number, stamp: StampRoute, except: ReadonlySet<string>, nowMs: number): string | Refused {
    const candidates = stamp.frontDoors.filter((door) => !except.has(door));
    const healthy = candidates.filter((door) => (this.avoidedUntilMs.get(door) ?? 0) <= nowMs);
    const pool = healthy.length > 0 ? healthy : candidates;
    return pool[turn % pool.length] ?? noDoor(stamp, except.size > 0);
  }
}

const noDoor = (stamp: StampRoute, hasTried: boolean): Refused => ({
  kind: 'refused',
  code: 'stamp_unavailable',
  reason: `stamp ${stamp.stamp} has no ${hasTried ? 'other ' : ''}front door`,
  retryAfterSeconds: undefined,
  headers: {},
});

import type { StampRoute } from '@lapidary/contracts/directory';

/** What is remembered of front doors from one request to the next. */
export interface FrontDoorView {
  /** Counts up with each request to the stamp. */
  turn(stamp: string): number;
  hasJustFailed(frontDoor: string): boolean;
}

export type Selected =
  | { readonly ok: true; readonly frontDoor: string; readonly reason: string }
  | { readonly ok: false; readonly code: 'stamp_unavailable'; readonly reason: string };

/**
 * The stamp's front doors in turn, passing over those that have just failed; with all of them failed the turn decides
 * alone, since a door that is tried recovers and one that is given up does not. `except`: already tried for this request.
 */
export const select = (stamp: StampRoute, doors: FrontDoorView, except: ReadonlySet<string> = new Set()): Selected => {
  const candidates = stamp.frontDoors.filter((door) => !except.has(door));
  const healthy = candidates.filter((door) => !doors.hasJustFailed(door));
  const pool = healthy.length > 0 ? healthy : candidates;
  const frontDoor = pool[doors.turn(stamp.stamp) % pool.length];
  if (frontDoor === undefined)
    return { ok: false, code: 'stamp_unavailable', reason: `stamp ${stamp.stamp} has no ${except.size > 0 ? 'other ' : ''}front door` };
  return { ok: true, frontDoor, reason: `front door ${frontDoor}, 1 of ${pool.length}` };
};

import type { StampRoute } from '@lapidary/contracts/directory';
import type { AttemptOutcome, Refused } from '../traffic-policy.js';
import { ownState, type PolicyState } from '../across-workers/policy-state.js';
import type { Random } from './breaker.js';
import { Door } from './door.js';
import { eject, outlierOf } from './outliers.js';

export interface DoorRules {
  readonly doorInUseMax: number;
  readonly weights: Readonly<Record<string, number>>;
}

/** Comparing doors costs some hundred operations; once a second is soon enough for what lasts seconds. */
const outlierCheckMs = 1_000;

/** The front doors of one stamp: the least busy of those that are well (P-LB6), weighted. */
export class StampDoors {
  private doors: Door[] = [];
  /** The directory has them no more, and requests to them are under way, whose places are to be given back (L2). */
  private leaving: Door[] = [];
  private turn = 0;
  private nextOutlierCheckMs = 0;

  constructor(
    private readonly random?: Random,
    private readonly state: PolicyState = ownState(),
  ) {}

  get all(): readonly Door[] {
    return this.doors;
  }

  /** Takes over what the directory and the limits say; doors that stay keep what is known of them. */
  keepTo({ stamp, frontDoors }: StampRoute, rules: DoorRules): void {
    if (!sameDoors(this.doors, frontDoors)) {
      const known = [...this.doors, ...this.leaving];
      this.doors = frontDoors.map((url) => known.find((door) => door.url === url) ?? this.newDoor(stamp, url));
      this.leaving = known.filter((door) => door.inUse > 0 && !this.doors.includes(door));
    }
    for (const door of this.doors) door.weight = rules.weights[door.url] ?? 1;
  }

  choose(stamp: StampRoute, except: ReadonlySet<string>, inUseMax: number, nowMs: number): string | Refused {
    const door = this.best(except, inUseMax, nowMs, true) ?? this.best(except, inUseMax, nowMs, false);
    if (!door) return this.noDoor(stamp, except, nowMs);
    this.turn += 1;
    if (door.sent(inUseMax, nowMs)) return door.url;
    return this.choose(stamp, new Set([...except, door.url]), inUseMax, nowMs);
  }

  foresee(stamp: StampRoute, inUseMax: number, nowMs: number): string | Refused {
    const none: ReadonlySet<string> = new Set();
    const door = this.best(none, inUseMax, nowMs, true) ?? this.best(none, inUseMax, nowMs, false);
    return door?.url ?? this.noDoor(stamp, none, nowMs);
  }

  attempted(frontDoor: string, outcome: AttemptOutcome, tookMs: number, nowMs: number, tenant: string): void {
    const door = this.door(frontDoor) ?? this.leaving.find(({ url }) => url === frontDoor);
    door?.ended(outcome, tookMs, nowMs, tenant);
    if (nowMs < this.nextOutlierCheckMs || this.doors.length < 2) return;
    this.nextOutlierCheckMs = nowMs + outlierCheckMs;
    const outlier = outlierOf(this.doors, nowMs);
    if (outlier) eject(outlier, nowMs);
  }

  door(url: string): Door | undefined {
    for (const door of this.doors) if (door.url === url) return door;
    return undefined;
  }

  /** Doors take turns where they are equally busy. */
  private best(except: ReadonlySet<string>, inUseMax: number, nowMs: number, onlyWell: boolean): Door | null {
    let best: Door | null = null;
    const { length } = this.doors;
    for (let i = 0; i < length; i += 1) {
      const door = this.doors[(this.turn + i) % length]!;
      if (door.isFull(inUseMax) || except.has(door.url) || !door.breaker.allows(nowMs)) continue;
      if (onlyWell && door.isSuspect(nowMs)) continue;
      if (best === null || (door.inUse + 1) / door.weight < (best.inUse + 1) / best.weight) best = door;
    }
    return best;
  }

  private newDoor(stamp: string, url: string): Door {
    return new Door(url, this.random, this.state.cells.cell(stamp, url), this.state.place('door', `${stamp} ${url}`));
  }

  private noDoor({ stamp }: StampRoute, except: ReadonlySet<string>, nowMs: number): Refused {
    const left = this.doors.filter((door) => !except.has(door.url));
    const refused = (code: Refused['code'], reason: string, retryAfterSeconds?: number): Refused => ({
      kind: 'refused',
      code,
      reason,
      retryAfterSeconds,
      headers: {},
    });
    if (left.length === 0) return refused('stamp_unavailable', `stamp ${stamp} has no ${except.size > 0 ? 'other ' : ''}front door`);
    const closed = left.filter((door) => door.breaker.state === 'closed').length;
    if (closed > 0) return refused('overloaded', `all connections to stamp ${stamp} are in use`, 1);
    const waitMs = Math.min(...left.map((door) => door.breaker.waitMs(nowMs)));
    return refused('stamp_unavailable', `the breakers of stamp ${stamp} are open`, Math.max(1, Math.ceil(waitMs / 1000)));
  }
}

const sameDoors = (doors: readonly Door[], urls: readonly string[]): boolean => {
  if (doors.length !== urls.length) return false;
  for (let i = 0; i < urls.length; i += 1) if (doors[i]!.url !== urls[i]) return false;
  return true;
};

import type { HoldCommand, Holding, Holdings } from '@lapidary/contracts/agent-protocol';
import { addToRoot, formatRoot, removeFromRoot } from '@lapidary/contracts/directory-digest';
import { markHash, markOfHolding, type RouteMark } from '@lapidary/contracts/route-replica';

/**
 * What a stamp holds, as a state machine without I/O or clock. Facts come as pushes (one tenant at directory cursor c)
 * and as full lists (all tenants as of cursor a), late, twice and in any order. A list as of a speaks for every cursor
 * up to a, of the tenants in it and of those that are not; a push with a higher cursor is newer than the list.
 *
 * Per tenant, with k the cursor of what is known (held or dropped) and a the cursor of the newest list:
 *
 *   known    | push at c          | list as of b, tenant in it | list as of b, tenant not in it
 *   ---------+--------------------+----------------------------+-------------------------------
 *   nothing  | c ≤ a: stale       | b < a: stale               | nothing
 *            | else as pushed     | else held                  |
 *   held     | c = k: duplicate   | b < a: stale               | b < a: stale
 *   at k     | c ≤ a, c < k: stale| k > b: stays (push newer)  | k > b: stays (push newer)
 *            | else as pushed     | else held, as listed       | else nothing
 *   dropped  | as for held        | as for held                | as for held
 *   at k     |                    |                            |
 *
 * Invariants, property-tested in holdings.spec.ts:
 *   H1 Stale and duplicate messages change nothing.
 *   H2 The state is a function of the set of messages seen, not of their order or number.
 *   H3 Once the newest fact about each tenant was seen (pushed or listed), the state is the newest state.
 *   H4 A drop is remembered until a list speaks for its cursor, so a late hold can't bring the tenant back (I4).
 */
export type HoldOutcome = 'applied' | 'duplicate' | 'stale';

interface Known {
  readonly epoch: number;
  readonly cursor: number;
  readonly hold: boolean;
}

/** The state as plain data: for the copy on disk and for comparisons. */
export interface HoldingsSnapshot {
  readonly asOf: number;
  /** Sorted by tenant; drops that no list has spoken for yet are among them. */
  readonly known: readonly HoldCommand[];
}

export class HeldTenants {
  private readonly known = new Map<string, Known>();
  private listedAsOf = 0;
  private held = 0;
  private sum = 0n;

  static restore(snapshot: HoldingsSnapshot): HeldTenants {
    const restored = new HeldTenants();
    restored.listedAsOf = snapshot.asOf;
    for (const { tenant, epoch, cursor, hold } of snapshot.known) restored.set(tenant, { epoch, cursor, hold });
    return restored;
  }

  /**
   * State for a new session with the control plane: exactly the list, and the pushes that came since it was asked for.
   * Cursors start anew when the region's database is restored; a list that was asked for is newer than all that was
   * known when asking, so this is also how a state from before a restore is left behind.
   */
  static from(list: Holdings, since: readonly HoldCommand[]): HeldTenants {
    const fresh = new HeldTenants();
    fresh.applyFull(list);
    for (const command of since) fresh.applyHold(command);
    return fresh;
  }

  /** Epoch at which the tenant is held; 0: not held. */
  epochOf(tenant: string): number {
    const known = this.known.get(tenant);
    return known?.hold ? known.epoch : 0;
  }

  get count(): number {
    return this.held;
  }

  /** Cursor that the whole state is known for. */
  get asOf(): number {
    return this.listedAsOf;
  }

  /** Sum over what is held, kept with each change: two lists with one root and count are the same. */
  get root(): string {
    return formatRoot(this.sum);
  }

  /** What is held, for comparing it. */
  *marks(): Generator<RouteMark> {
    for (const [tenant, known] of this.known) if (known.hold) yield markOf(tenant, known);
  }

  /** The highest cursor ever seen: what any list asked for from now on must reach. */
  get newestCursor(): number {
    let newest = this.listedAsOf;
    for (const { cursor } of this.known.values()) newest = Math.max(newest, cursor);
    return newest;
  }

  tenants(): string[] {
    return [...this.known].filter(([, known]) => known.hold).map(([tenant]) => tenant);
  }

  applyHold(command: HoldCommand): HoldOutcome {
    const { tenant, epoch, cursor, hold } = command;
    const known = this.known.get(tenant);
    if (known?.cursor === cursor) return 'duplicate';
    if (cursor <= this.listedAsOf || (known !== undefined && cursor < known.cursor)) return 'stale';
    this.set(tenant, { epoch, cursor, hold });
    return 'applied';
  }

  applyFull(list: Holdings): HoldOutcome {
    if (list.asOf < this.listedAsOf) return 'stale';
    const listed = new Map(list.holdings.map((holding) => [holding.tenant as string, holding]));
    let changed = list.asOf !== this.listedAsOf;
    for (const [tenant, known] of [...this.known]) {
      if (known.cursor > list.asOf || listed.has(tenant)) continue;
      this.delete(tenant);
      changed = true;
    }
    for (const [tenant, { epoch, cursor }] of listed) {
      const known = this.known.get(tenant);
      if (known !== undefined && (known.cursor > list.asOf || (known.hold && known.epoch === epoch && known.cursor === cursor))) continue;
      this.set(tenant, { epoch, cursor, hold: true });
      changed = true;
    }
    this.listedAsOf = list.asOf;
    return changed ? 'applied' : 'duplicate';
  }

  snapshot(): HoldingsSnapshot {
    const known = [...this.known].map(([tenant, entry]) => ({ tenant: tenant as Holding['tenant'], ...entry }));
    return { asOf: this.listedAsOf, known: known.sort((a, b) => (a.tenant < b.tenant ? -1 : 1)) };
  }

  private set(tenant: string, entry: Known): void {
    this.discount(tenant);
    this.held += Number(entry.hold);
    if (entry.hold) this.sum = addToRoot(this.sum, markHash(markOf(tenant, entry)));
    this.known.set(tenant, entry);
  }

  private delete(tenant: string): void {
    this.discount(tenant);
    this.known.delete(tenant);
  }

  private discount(tenant: string): void {
    const known = this.known.get(tenant);
    if (!known?.hold) return;
    this.held -= 1;
    this.sum = removeFromRoot(this.sum, markHash(markOf(tenant, known)));
  }
}

const markOf = (tenant: string, { epoch, cursor }: Known): RouteMark =>
  markOfHolding({ tenant: tenant as Holding['tenant'], epoch, cursor });

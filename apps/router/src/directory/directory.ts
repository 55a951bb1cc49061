import type { Clock } from '@lapidary/kernel/clock';
import type { DirectoryEntry, StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { TenantGlance, VersionedDirectory } from '../pipeline/locate.js';
import type { DirectoryTable, TableDigest } from './directory-table.js';
import { Freshness } from './freshness.js';
import type { HeldEntry } from './packed/stamp-table.js';

export interface DirectoryState {
  readonly source: 'live' | 'disk';
  readonly cursor: number;
  readonly entries: number;
  /** Since its source was last heard of: a few seconds at most while a control plane and NATS are there. */
  readonly ageMs: number;
  /** How far behind its source it is known to be. */
  readonly lagMs: number;
}

/**
 * The directory that requests are decided by. Whole tables are built beside it and swapped in: while one serves, it is
 * never emptied (I7).
 */
export class Directory implements VersionedDirectory {
  private table: DirectoryTable | null = null;
  private origin: 'live' | 'disk' = 'disk';
  private following = false;
  readonly freshness = new Freshness();
  private readonly onChange = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  get isLoaded(): boolean {
    return this.table !== null;
  }

  get version(): number {
    return this.table?.version ?? 0;
  }

  placeOf(tenant: string): number {
    return this.table?.placeOf(tenant) ?? 0;
  }

  versionAt(place: number): number {
    return this.table?.versionAt(place) ?? 0;
  }

  get wideVersion(): number {
    return this.table?.wideVersion ?? 0;
  }

  glance(tenant: string, into: TenantGlance): boolean {
    return this.table?.glance(tenant, into) ?? false;
  }

  /** Whether changes are being followed now. */
  get isLive(): boolean {
    return this.following;
  }

  get mayLack(): boolean {
    return this.table?.mayLack ?? false;
  }

  get generation(): string | null {
    return this.table?.generation ?? null;
  }

  get digest(): TableDigest | null {
    return this.table?.digest ?? null;
  }

  get current(): DirectoryTable | null {
    return this.table;
  }

  state(): DirectoryState {
    const { cursor, count } = this.table?.digest ?? { cursor: 0, count: 0 };
    const { freshness } = this;
    const nowMs = this.clock.nowMs();
    const [ageMs, lagMs] = this.table ? [freshness.ageMs(nowMs), freshness.lagMs(nowMs)] : [0, 0];
    return { source: this.origin, cursor, entries: count, ageMs, lagMs };
  }

  tenant(id: string): TenantRoute | undefined {
    return this.table?.tenant(id);
  }

  stamp(name: string): StampRoute | undefined {
    return this.table?.stamp(name);
  }

  tenantOfHost(host: string): string | undefined {
    return this.table?.tenantOfHost(host);
  }

  frontDoors(): ReadonlySet<string> {
    return this.table?.frontDoors() ?? new Set();
  }

  held(key: string): HeldEntry | undefined {
    return this.table?.held(key);
  }

  onChanged(callback: () => void): void {
    this.onChange.add(callback);
  }

  /** Replaces the whole table. `heardAtMs`: when its source said so. */
  swap(table: DirectoryTable, origin: 'live' | 'disk', heardAtMs: number): void {
    table.succeed(this.version);
    table.setMayLack(origin === 'disk');
    this.table = table;
    this.origin = origin;
    this.freshness.begin(heardAtMs);
    this.changed();
  }

  /** Applies one change; whether it was news. */
  apply(entry: DirectoryEntry): boolean {
    const isNew = this.table?.apply(entry, this.clock.nowMs()) ?? false;
    if (isNew) this.changed();
    return isNew;
  }

  /** All that the stream held has been read, and changes will follow. */
  follow(): void {
    this.settle();
    this.following = true;
    this.origin = 'live';
    this.changed();
  }

  /** A copy is all that there is: what it lacks is nobody's from now on. */
  settle(): void {
    this.table?.setMayLack(false);
  }

  /** Changes are no longer heard of; what is held goes on serving. */
  unfollow(): void {
    this.following = false;
  }

  private changed(): void {
    for (const callback of this.onChange) callback();
  }
}

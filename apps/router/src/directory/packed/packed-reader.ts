import { stampKey, tenantKey, type StampRoute, type TenantRoute } from '@lapidary/contracts/directory';
import type { TenantGlance, VersionedDirectory } from '../../pipeline/locate.js';
import { HostIndex } from './host-index.js';
import { KeyWords } from './key-words.js';
import { changePlaces, changesAt, header, regionNames, stampNames } from './layout.js';
import { Names } from './names.js';
import { hex64 } from './pair.js';
import { SharedHeap } from './shared-heap.js';
import { StampTable, type HeldEntry } from './stamp-table.js';
import { TenantIndex } from './tenant-index.js';
import { TenantRecords } from './tenant-record.js';

const tenantPrefix = tenantKey('');
const stampPrefix = stampKey('');

/** What any thread can read of a packed table, given its memory. Never blocks on the writer for more than a change. */
export class PackedReader implements VersionedDirectory {
  readonly isLoaded = true;
  readonly heap: SharedHeap;
  readonly regionNames: Names;
  readonly stampNames: Names;
  readonly hosts: HostIndex;
  readonly records: TenantRecords;
  readonly tenants: TenantIndex;
  readonly stamps: StampTable;
  private readonly key = new KeyWords();
  private glanceInto: TenantGlance = { head: 0, home: 0, epoch: 0 };
  private readonly takeGlance = (ref: number): true => this.records.glance(ref, this.glanceInto);

  constructor(memory: SharedHeap | SharedArrayBuffer) {
    this.heap = memory instanceof SharedHeap ? memory : SharedHeap.of(memory);
    this.regionNames = new Names(this.heap, regionNames);
    this.stampNames = new Names(this.heap, stampNames);
    this.hosts = new HostIndex(this.heap);
    this.records = new TenantRecords(this.heap, { regions: this.regionNames, stamps: this.stampNames, hosts: this.hosts });
    this.tenants = new TenantIndex(this.heap, this.records);
    this.stamps = new StampTable(this.heap, this.stampNames);
  }

  get memory(): SharedArrayBuffer {
    return this.heap.buffer;
  }

  get bytesUsed(): number {
    return this.heap.bytesUsed;
  }

  get mayLack(): boolean {
    return this.heap.ordered(header.mayLack) === 1;
  }

  /** Asked for each request: `guarded`, without a function for what is read. */
  get version(): number {
    const { heap } = this;
    for (let tries = 0; ; tries += 1) {
      const sequence = heap.ordered(header.sequence);
      const version = heap.pair(header.versionLow, header.versionHigh);
      if ((sequence & 1) === 0 && heap.ordered(header.sequence) === sequence) return version;
      heap.pause(header.sequence, sequence, tries);
    }
  }

  placeOf(tenant: string): number {
    const { heap, key } = this;
    return key.setText(tenant) ? key.hash(heap.key0, heap.key1) & (changePlaces - 1) : 0;
  }

  /** Both only grow, so that their sum is another one as soon as one of them is; as 32 bits, which a place turns once in years. */
  versionAt(place: number): number {
    const { heap } = this;
    return (heap.ordered(header.wideChanges) + heap.ordered(changesAt + place)) | 0;
  }

  get wideVersion(): number {
    return this.heap.ordered(header.wideChanges);
  }

  /** Asked again and again while changes come: makes nothing, not even a function. */
  glance(tenant: string, into: TenantGlance): boolean {
    if (!this.key.setText(tenant)) return false;
    this.glanceInto = into;
    return this.tenants.read(this.key, this.takeGlance) !== undefined;
  }

  tenant(id: string): TenantRoute | undefined {
    return this.key.setText(id) ? this.tenants.read(this.key, (ref) => this.records.route(ref, id)) : undefined;
  }

  stamp(name: string): StampRoute | undefined {
    return this.stamps.route(name);
  }

  tenantOfHost(host: string): string | undefined {
    return this.key.setText(host) ? this.hosts.read(this.key, (ref) => this.records.id(this.hosts.owner(ref))) : undefined;
  }

  /** An entry by its key in the directory. */
  held(key: string): HeldEntry | undefined {
    if (key.startsWith(stampPrefix)) return this.stamps.held(key.slice(stampPrefix.length));
    if (!key.startsWith(tenantPrefix) || !this.key.setText(key.slice(tenantPrefix.length))) return undefined;
    return this.tenants.read(this.key, (ref) => this.heldAt(ref));
  }

  /** Cursor, number of entries and root, as of one moment. */
  numbers(): { readonly cursor: number; readonly count: number; readonly root: string } {
    const { heap } = this;
    return heap.guarded(header.sequence, () => ({
      cursor: heap.pair(header.cursorLow, header.cursorHigh),
      count: heap.at(header.entries),
      root: hex64({ high: heap.at(header.rootHigh) >>> 0, low: heap.at(header.rootLow) >>> 0 }),
    }));
  }

  frontDoors(): Set<string> {
    const doors = new Set<string>();
    for (const { entry } of this.stamps.all()) if (entry.body.kind === 'stamp') for (const door of entry.body.frontDoors) doors.add(door);
    return doors;
  }

  heldAt(ref: number): HeldEntry {
    const { records } = this;
    const body = records.route(ref);
    const entry = { key: tenantKey(body.tenant), cursor: records.cursor(ref), committedAtMs: records.committedAtMs(ref), body };
    return { entry, appliedAtMs: records.appliedAtMs(ref) };
  }
}

import { tenantStatuses } from '@lapidary/contracts/api/tenants';
import type { DirectoryEntry, StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { entryHashWords } from '@lapidary/contracts/directory-digest';
import { KeyWords } from './packed/key-words.js';
import { header, segment } from './packed/layout.js';
import { PackedReader } from './packed/packed-reader.js';
import { add64, subtract64, type Pair } from './packed/pair.js';
import { SharedHeap } from './packed/shared-heap.js';
import type { TenantFields } from './packed/tenant-record.js';

export interface TableDigest {
  readonly generation: string;
  readonly cursor: number;
  readonly count: number;
  readonly root: string;
}

const sameHosts = (before: readonly string[], after: readonly string[]): boolean =>
  before.length === after.length && before.every((host, i) => host === after[i]);

/**
 * The directory of one generation, packed into memory that other threads read. This is its one writer. An entry replaces
 * another only with a higher cursor, so that entries may come in any order and any number of times (I6), and an older copy
 * can't take a newer placement back (I1).
 */
export class DirectoryTable extends PackedReader {
  private readonly id = new KeyWords();
  private readonly host = new KeyWords();

  /** `expected`: tenants to come, where that is known; it saves the splits. */
  constructor(
    readonly generation: string,
    expected = 0,
  ) {
    super(SharedHeap.create());
    this.tenants.prepare(expected);
    this.hosts.prepare(0);
  }

  /** This table takes another's place: its versions go on behind that one's. */
  succeed(version: number): void {
    this.heap.turn(header.sequence);
    this.heap.setPair(header.versionLow, header.versionHigh, Math.max(this.heap.pair(header.versionLow, header.versionHigh), version) + 1);
    this.heap.turn(header.sequence);
  }

  get digest(): TableDigest {
    return { generation: this.generation, ...this.numbers() };
  }

  /** Whether the entry was newer than what was held. `hash`: of the entry, where it is known. */
  apply(entry: DirectoryEntry, appliedAtMs = 0, hash?: Pair): boolean {
    const { body } = entry;
    return body.kind === 'tenant' ? this.applyTenant(entry, body, appliedAtMs, hash) : this.applyStamp(entry, body, appliedAtMs);
  }

  /** All entries, each as of when it is reached. */
  *all(): Generator<DirectoryEntry> {
    for (const { entry } of this.stamps.all()) yield entry;
    for (const { at } of this.tenants.segments()) for (const ref of this.tenants.refsIn(at)) yield this.heldAt(ref).entry;
  }

  private applyStamp(entry: DirectoryEntry, { stamp }: StampRoute, appliedAtMs: number): boolean {
    const before = this.stamps.held(stamp)?.entry;
    if (before && before.cursor >= entry.cursor) return false;
    this.stamps.put(this.stampNames.number(stamp), { entry, appliedAtMs });
    this.count(entry.cursor, entryHashWords(entry.key, entry.cursor), before ? entryHashWords(before.key, before.cursor) : null);
    return true;
  }

  private applyTenant(entry: DirectoryEntry, body: TenantRoute, appliedAtMs: number, hash?: Pair): boolean {
    const { tenants, records, heap, id } = this;
    if (!id.setText(body.tenant)) return false;
    const idHash = id.hash(heap.key0, heap.key1);
    const before = tenants.find(id, idHash);
    if (before !== 0 && records.cursor(before) >= entry.cursor) return false;
    const fields = this.fieldsOf(entry, body, appliedAtMs);
    const newHash = hash ?? entryHashWords(entry.key, entry.cursor);
    const oldHash = before === 0 ? null : tenants.entryHash(before);
    const oldRow = before === 0 ? 0 : records.rowHash(before);
    const oldHosts = before === 0 ? [] : records.hostRefs(before);
    const stays = before !== 0 && sameHosts(records.hostNames(before), body.hosts);
    const after = stays ? before : this.newRecord(body, fields);
    const into = before === 0 ? tenants.roomFor(idHash) : tenants.segmentOf(idHash);
    const place = before === 0 || stays ? 0 : tenants.placeOf(into, idHash, before);

    heap.turn(into + segment.sequence);
    if (stays) records.update(before, fields);
    else if (before === 0) tenants.insert(into, idHash, after);
    else tenants.replace(place, idHash, after);
    heap.turn(into + segment.sequence);

    if (oldHash) tenants.discount(into, oldHash, oldRow);
    tenants.count(into, newHash, records.rowHash(after));
    this.claimHosts(after, entry.cursor);
    if (before !== 0 && !stays) this.giveBack(before, oldHosts);
    this.count(entry.cursor, newHash, oldHash);
    return true;
  }

  private fieldsOf({ cursor, committedAtMs }: DirectoryEntry, body: TenantRoute, appliedAtMs: number): TenantFields {
    return {
      status: tenantStatuses.indexOf(body.status),
      stamp: body.stamp === null ? 0 : this.stampNames.number(body.stamp),
      region: this.regionNames.number(body.region),
      epoch: body.epoch,
      cursor,
      committedAtMs,
      appliedAtMs,
    };
  }

  private newRecord(body: TenantRoute, fields: TenantFields): number {
    const hostRefs = body.hosts.map((name) => this.hosts.make(name, 0)).filter((ref) => ref !== 0);
    const made = this.heap.allocate(this.records.wordsFor(this.id.wordLength, hostRefs.length));
    for (const host of hostRefs) this.hosts.setOwner(host, made);
    this.records.write(made, this.id, fields, hostRefs);
    return made;
  }

  /** A host that has moved on to another tenant stays with that one, whichever entry comes first. */
  private claimHosts(owner: number, cursor: number): void {
    const { hosts, heap, records, host } = this;
    for (const ref of records.hostRefs(owner)) {
      const hash = hosts.keyAt(ref, host).hash(heap.key0, heap.key1);
      const holder = hosts.find(host, hash);
      if (holder === ref) continue;
      const other = holder === 0 ? 0 : hosts.owner(holder);
      if (holder !== 0 && !this.isOf(other, owner) && records.cursor(other) > cursor) continue;
      const into = holder === 0 ? hosts.roomFor(hash) : hosts.segmentOf(hash);
      const place = holder === 0 ? 0 : hosts.placeOf(into, hash, holder);
      heap.turn(into + segment.sequence);
      if (holder === 0) hosts.insert(into, hash, ref);
      else hosts.replace(place, hash, ref);
      heap.turn(into + segment.sequence);
    }
  }

  private isOf(one: number, other: number): boolean {
    return this.records.id(one) === this.records.id(other);
  }

  /** Hosts that the tenant no longer has, and the memory of its record before. */
  private giveBack(before: number, oldHosts: readonly number[]): void {
    const { hosts, heap, records, host } = this;
    for (const ref of oldHosts) {
      const hash = hosts.keyAt(ref, host).hash(heap.key0, heap.key1);
      if (hosts.find(host, hash) === ref) {
        const from = hosts.segmentOf(hash);
        const place = hosts.placeOf(from, hash, ref);
        heap.turn(from + segment.sequence);
        hosts.remove(from, place);
        heap.turn(from + segment.sequence);
      }
    }
    const words = records.wordsOf(before);
    for (const ref of oldHosts) hosts.release(ref);
    heap.free(before, words);
  }

  private count(cursor: number, added: Pair, removed: Pair | null): void {
    const { heap } = this;
    const root = { high: heap.at(header.rootHigh) >>> 0, low: heap.at(header.rootLow) >>> 0 };
    const { high, low } = add64(removed ? subtract64(root, removed) : root, added);
    const version = heap.pair(header.versionLow, header.versionHigh) + 1;
    heap.turn(header.sequence);
    heap.set(header.rootHigh, high | 0);
    heap.set(header.rootLow, low | 0);
    if (!removed) heap.set(header.entries, heap.at(header.entries) + 1);
    if (cursor > heap.pair(header.cursorLow, header.cursorHigh)) heap.setPair(header.cursorLow, header.cursorHigh, cursor);
    heap.setPair(header.versionLow, header.versionHigh, version);
    heap.turn(header.sequence);
  }
}

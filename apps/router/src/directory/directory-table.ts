import { tenantStatuses } from '@lapidary/contracts/api/tenants';
import type { DirectoryEntry, StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import { entryHashWords } from '@lapidary/contracts/directory-digest';
import { homeText } from './packed/home.js';
import { HostClaims } from './packed/host-claims.js';
import { KeyWords } from './packed/key-words.js';
import { changePlaces, changesAt, header, segment } from './packed/layout.js';
import { PackedReader } from './packed/packed-reader.js';
import { add64, parse64, subtract64, type Pair } from './packed/pair.js';
import { writeRow, type Row, type WordList } from './packed/rows.js';
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
  private readonly claims: HostClaims;
  private readonly watchers = new Set<Set<string>>();

  /** `expected`: tenants to come, where that is known; it saves the splits. */
  constructor(
    readonly generation: string,
    expected = 0,
  ) {
    super(SharedHeap.create());
    this.claims = new HostClaims(this.heap, this.hosts, this.records);
    this.tenants.prepare(expected);
    this.hosts.prepare(0);
  }

  get digest(): TableDigest {
    return { generation: this.generation, ...this.numbers() };
  }

  /**
   * This table takes another's place: its versions go on behind that one's. As each change counts once in the version and once at a place or for
   * all, no place of the old table has counted as far as this one's begin.
   */
  succeed(version: number): void {
    const { heap } = this;
    const next = Math.max(heap.pair(header.versionLow, header.versionHigh), version) + 1;
    heap.turn(header.sequence);
    heap.setPair(header.versionLow, header.versionHigh, next);
    heap.turn(header.sequence);
    heap.fill(0, changesAt, changesAt + changePlaces);
    heap.setOrdered(header.wideChanges, next | 0);
  }

  /** Says to every thread whether what is not here may exist nevertheless. */
  setMayLack(mayLack: boolean): void {
    this.heap.setOrdered(header.mayLack, mayLack ? 1 : 0);
  }

  /** Whether the entry was newer than what was held. */
  apply(entry: DirectoryEntry, appliedAtMs = 0): boolean {
    const { body } = entry;
    return body.kind === 'tenant' ? this.applyTenant(entry, body, appliedAtMs) : this.applyStamp(entry, body, appliedAtMs);
  }

  /** A tenant as it was written to disk; numbers of names must be as they were. Digest and sums stay behind until `loaded`. */
  loadRow(words: Int32Array, row: Row): void {
    const { tenants, records, heap, id } = this;
    id.setWords(words, row.idAt, row.idBytes);
    const hash = id.hash(heap.key0, heap.key1);
    const before = tenants.find(id, hash);
    const made = this.newRecord(row.hosts);
    records.copy(made, words, row.at);
    // A copy has a tenant twice where it changed while the copy was written.
    const stays = before !== 0 && records.cursor(before) >= records.cursor(made);
    const oldHosts = records.hostRefs(stays ? made : before);
    if (!stays) {
      heap.set(this.put(hash, before, made) + segment.unsummed, 1);
      this.claims.take(made);
    }
    if (before !== 0) this.giveBack(stays ? made : before, oldHosts);
    else heap.set(header.entries, heap.at(header.entries) + 1);
  }

  /** All rows and stamps of a copy are in: it vouches for the digest, and the audit for the rows, in its time. */
  loaded({ cursor, root }: { readonly cursor: number; readonly root: string }): void {
    const { high, low } = parse64(root);
    this.heap.setPair(header.cursorLow, header.cursorHigh, cursor);
    this.heap.set(header.rootHigh, high | 0);
    this.heap.set(header.rootLow, low | 0);
  }

  /** Tenants that change from now on are put into the set, until it is given back. */
  watchChanges(): Set<string> {
    const changed = new Set<string>();
    this.watchers.add(changed);
    return changed;
  }

  unwatchChanges(changed: Set<string>): void {
    this.watchers.delete(changed);
  }

  writeRowOf(tenant: string, into: WordList): void {
    const { tenants, heap, id } = this;
    if (id.setText(tenant)) writeRow(this, tenants.find(id, id.hash(heap.key0, heap.key1)), into);
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
    this.changed(header.wideChanges);
    return true;
  }

  private applyTenant(entry: DirectoryEntry, body: TenantRoute, appliedAtMs: number): boolean {
    const { tenants, records, heap, id } = this;
    if (!id.setText(body.tenant)) return false;
    const hash = id.hash(heap.key0, heap.key1);
    const before = tenants.find(id, hash);
    if (before !== 0 && records.cursor(before) >= entry.cursor) return false;
    const fields = this.fieldsOf(entry, body, appliedAtMs);
    const added = entryHashWords(entry.key, entry.cursor);
    // By the key in hand: the record's own id is the same, and costs making its text.
    const removed = before === 0 ? null : entryHashWords(entry.key, records.cursor(before));
    const oldRow = before === 0 ? 0 : records.rowHash(before);
    const oldHosts = records.hostRefs(before);
    const stays = before !== 0 && sameHosts(records.hostNames(before), body.hosts);
    const after = stays ? before : this.newRecord(body.hosts);
    if (!stays) records.update(after, fields);
    const into = stays ? this.updateInPlace(hash, before, fields) : this.put(hash, before, after);
    if (removed) tenants.discount(into, removed, oldRow);
    tenants.count(into, added, records.rowHash(after));
    const took = this.claims.take(after);
    if (before !== 0 && !stays) this.giveBack(before, oldHosts);
    this.count(entry.cursor, added, removed);
    // A host may have been another tenant's until now.
    const isWide = took || (!stays && (body.hosts.length > 0 || oldHosts.length > 0));
    this.changed(isWide ? header.wideChanges : changesAt + (hash & (changePlaces - 1)));
    for (const changed of this.watchers) changed.add(body.tenant);
    return true;
  }

  private fieldsOf({ cursor, committedAtMs }: DirectoryEntry, body: TenantRoute, appliedAtMs: number): TenantFields {
    return {
      status: tenantStatuses.indexOf(body.status),
      frozen: body.frozen === true,
      stamp: body.stamp === null ? 0 : this.stampNames.number(body.stamp),
      region: this.regionNames.number(homeText(body)),
      epoch: body.epoch,
      cursor,
      committedAtMs,
      appliedAtMs,
    };
  }

  /** A record of the id in hand, that nobody reads yet. */
  private newRecord(hostNames: readonly string[]): number {
    const hostRefs = hostNames.map((name) => this.hosts.make(name, 0)).filter((ref) => ref !== 0);
    const made = this.heap.allocate(this.records.wordsFor(this.id.wordLength, hostRefs.length));
    for (const host of hostRefs) this.hosts.setOwner(host, made);
    this.records.begin(made, this.id, hostRefs);
    return made;
  }

  private updateInPlace(hash: number, ref: number, fields: TenantFields): number {
    const into = this.tenants.segmentOf(hash);
    this.heap.turn(into + segment.sequence);
    this.records.update(ref, fields);
    this.heap.turn(into + segment.sequence);
    return into;
  }

  private put(hash: number, before: number, after: number): number {
    const { tenants, heap } = this;
    const into = before === 0 ? tenants.roomFor(hash) : tenants.segmentOf(hash);
    const place = before === 0 ? 0 : tenants.placeOf(into, hash, before);
    heap.turn(into + segment.sequence);
    if (before === 0) tenants.insert(into, hash, after);
    else tenants.replace(place, hash, after);
    heap.turn(into + segment.sequence);
    return into;
  }

  private giveBack(ref: number, hostRefs: readonly number[]): void {
    const words = this.records.wordsOf(ref);
    this.claims.giveBack(hostRefs);
    this.heap.free(ref, words);
  }

  /** Behind the change: who sees the new number decides by what is new. */
  private changed(at: number): void {
    const { heap } = this;
    heap.setOrdered(at, (heap.at(at) + 1) | 0);
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

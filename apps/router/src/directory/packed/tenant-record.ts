import { homeOf } from './home.js';
import type { TenantRoute } from '@lapidary/contracts/directory';
import { tenantStatuses } from '@lapidary/contracts/api/tenants';
import { halfSipHash } from './half-sip-hash.js';
import type { HostIndex } from './host-index.js';
import { KeyWords } from './key-words.js';
import type { Names } from './names.js';
import type { SharedHeap } from './shared-heap.js';
import { readWord, writeWord } from './word-access.js';
import type { TenantGlance } from '../../pipeline/locate.js';

/**
 * A tenant's record, in words:
 * 0 length of the id (6 bits), status (3), whether a list of hosts follows (1), whether it is frozen (1), number of the stamp's name (upper 16;
 *   0: on none)
 * 1 lower part of the epoch, 2 of the cursor, 4 of the time of the commit
 * 3 number of the region's name (8), upper parts of the epoch (8) and of the cursor (16)
 * 5 upper part of the time of the commit (16)
 * 6 from the commit to this router's knowing it, in ms; the least number where it came with a whole directory
 * 7 the id; then, where hosts follow, their number and the words of their records.
 * 28 bytes and the id, so that a million fits 64 MB with all that leads to it.
 */
const idAt = 7;
const cameWithWhole = -(2 ** 31);
const idMask = 0x3f;
const hostsFlag = 1 << 9;
const frozenFlag = 1 << 10;
/** A reader within a change may find any number there; no tenant's list is longer (64 kB of an entry hold fewer). */
const hostsMax = 65_535;
export const epochMax = 2 ** 40 - 1;
export const cursorMax = 2 ** 48 - 1;

export interface TenantFields {
  readonly status: number;
  readonly frozen: boolean;
  /** Numbers of names. */
  readonly stamp: number;
  readonly region: number;
  readonly epoch: number;
  readonly cursor: number;
  readonly committedAtMs: number;
  /** 0 where it came with a whole directory. */
  readonly appliedAtMs: number;
}

// Shared by all answers, so frozen; the type of the contract says no more than that nobody changes it.
const noHosts = Object.freeze([]) as unknown as string[];
const noRefs = Object.freeze([]) as unknown as number[];

const upper = (value: number): number => (value < 2 ** 32 ? 0 : Math.floor(value / 2 ** 32));

/** Reads and writes tenants' records. Pure apart from the memory. */
export class TenantRecords {
  private readonly row = new Int32Array(1024);
  private readonly key = new KeyWords();
  private readonly bytes = Buffer.alloc(64);

  constructor(
    private readonly heap: SharedHeap,
    private readonly leadsTo: { readonly regions: Names; readonly stamps: Names; readonly hosts: HostIndex },
  ) {}

  wordsFor(idWords: number, hostCount: number): number {
    return idAt + idWords + (hostCount === 0 ? 0 : 1 + hostCount);
  }

  wordsOf(ref: number): number {
    return this.wordsFor(this.idWords(ref), this.hostCount(ref));
  }

  /** Id and hosts of a record in a block of its own, that nobody reads yet; `update` or `copy` gives it the rest. */
  begin(ref: number, id: KeyWords, hostRefs: readonly number[]): void {
    const { heap } = this;
    const hostsWord = ref + idAt + id.wordLength;
    heap.set(ref, id.byteLength | (hostRefs.length === 0 ? 0 : hostsFlag));
    for (let i = 0; i < id.wordLength; i += 1) heap.set(ref + idAt + i, id.words[i]!);
    if (hostRefs.length > 0) heap.set(hostsWord, hostRefs.length);
    for (let i = 0; i < hostRefs.length; i += 1) heap.set(hostsWord + 1 + i, hostRefs[i]!);
  }

  /** The rest from a row (rows.ts). */
  copy(ref: number, row: Int32Array, at: number): void {
    const { heap } = this;
    heap.set(ref, (heap.at(ref) & (idMask | hostsFlag)) | (row[at]! & ~(idMask | hostsFlag)));
    for (let i = 1; i < 6; i += 1) heap.set(ref + i, row[at + i]!);
    heap.set(ref + 6, cameWithWhole);
  }

  /** All but id and hosts, in place. */
  update(ref: number, fields: TenantFields): void {
    const { words } = this.heap;
    const { status, frozen, stamp, region, epoch, cursor, committedAtMs, appliedAtMs } = fields;
    const took = appliedAtMs - committedAtMs;
    writeWord(words, ref, (readWord(words, ref) & (idMask | hostsFlag)) | (status << 6) | (frozen ? frozenFlag : 0) | (stamp << 16));
    writeWord(words, ref + 1, epoch | 0);
    writeWord(words, ref + 2, cursor | 0);
    writeWord(words, ref + 3, region | (upper(epoch) << 8) | (upper(cursor) << 16));
    writeWord(words, ref + 4, committedAtMs | 0);
    writeWord(words, ref + 5, upper(committedAtMs) & 0xffff);
    writeWord(words, ref + 6, appliedAtMs === 0 ? cameWithWhole : Math.max(cameWithWhole + 1, Math.min(2 ** 31 - 1, took)));
  }

  route(ref: number, id = this.id(ref)): TenantRoute {
    const { heap } = this;
    const { regions, stamps } = this.leadsTo;
    const head = heap.at(ref);
    const third = heap.at(ref + 3);
    const { region, strictIn } = homeOf(regions.text(third & 0xff));
    const status = tenantStatuses[(head >>> 6) & 7] ?? 'deleted';
    const stamp = head >>> 16 === 0 ? null : stamps.text(head >>> 16);
    const epoch = this.epochOf(ref, third);
    const hosts = (head & hostsFlag) === 0 ? noHosts : this.hostNames(ref);
    const route: TenantRoute = { kind: 'tenant', tenant: id, region, status, stamp, epoch, hosts };
    const isFrozen = (head & frozenFlag) !== 0;
    // Few are strict or frozen: to spread what they have more was a quarter of every look-up.
    if (strictIn === undefined && !isFrozen) return route;
    return { ...route, ...(strictIn === undefined ? {} : { strictIn }), ...(isFrozen ? { frozen: true } : {}) };
  }

  /** What `route` says that a decision depends on beside the hosts, without making anything. */
  glance(ref: number, into: TenantGlance): true {
    const third = this.heap.at(ref + 3);
    into.head = this.heap.at(ref);
    into.home = third & 0xff;
    into.epoch = this.epochOf(ref, third);
    return true;
  }

  private epochOf(ref: number, third: number): number {
    return ((third >>> 8) & 0xff) * 2 ** 32 + (this.heap.at(ref + 1) >>> 0);
  }

  /** The tenant's hosts as its entry gave them. */
  hostNames(ref: number): string[] {
    const { hosts } = this.leadsTo;
    return (this.heap.at(ref) & hostsFlag) === 0 ? noHosts : this.hostRefs(ref).map((host) => hosts.name(host));
  }

  id(ref: number): string {
    const length = this.heap.at(ref) & idMask;
    for (let i = 0; i < length; i += 4) this.bytes.writeInt32LE(this.heap.at(ref + idAt + i / 4), i);
    return this.bytes.toString('latin1', 0, length);
  }

  cursor(ref: number): number {
    return (this.heap.at(ref + 3) >>> 16) * 2 ** 32 + (this.heap.at(ref + 2) >>> 0);
  }

  committedAtMs(ref: number): number {
    return (this.heap.at(ref + 5) & 0xffff) * 2 ** 32 + (this.heap.at(ref + 4) >>> 0);
  }

  appliedAtMs(ref: number): number {
    const took = this.heap.at(ref + 6);
    return took === cameWithWhole ? 0 : this.committedAtMs(ref) + took;
  }

  /** None of 0. */
  hostRefs(ref: number): number[] {
    if (ref === 0) return noRefs;
    const count = Math.min(this.hostCount(ref), hostsMax);
    if (count === 0) return noRefs;
    const first = ref + idAt + this.idWords(ref) + 1;
    return Array.from({ length: count }, (_, i) => this.heap.at(first + i));
  }

  matches(ref: number, key: KeyWords): boolean {
    const words = this.heap.view(ref);
    if (!words || (readWord(words, ref) & idMask) !== key.byteLength) return false;
    const { wordLength } = key;
    for (let i = 0; i < wordLength; i += 1) if (readWord(words, ref + idAt + i) !== key.words[i]) return false;
    return true;
  }

  keyAt(ref: number, into: KeyWords): KeyWords {
    const words = this.heap.view(ref);
    into.byteLength = words ? readWord(words, ref) & idMask : 0;
    if (!words) return into;
    const { wordLength } = into;
    for (let i = 0; i < wordLength; i += 1) into.words[i] = readWord(words, ref + idAt + i);
    return into;
  }

  hashAt(ref: number): number {
    return this.keyAt(ref, this.key).hash(this.heap.key0, this.heap.key1);
  }

  /** Over every word of the record and of its hosts' names: what the digest of cursors does not cover, for the audit. */
  rowHash(ref: number): number {
    const { heap, row } = this;
    const count = Math.min(this.wordsOf(ref), row.length);
    const words = heap.view(ref + count);
    for (let i = 0; i < count; i += 1) row[i] = words ? readWord(words, ref + i) : heap.at(ref + i);
    let sum = halfSipHash(row, count * 4, heap.key0, heap.key1);
    if ((heap.at(ref) & hostsFlag) === 0) return sum;
    for (const host of this.hostRefs(ref)) sum = (sum + this.leadsTo.hosts.hashAt(host)) | 0;
    return sum;
  }

  private idWords(ref: number): number {
    return ((this.heap.at(ref) & idMask) + 3) >>> 2;
  }

  private hostCount(ref: number): number {
    return (this.heap.at(ref) & hostsFlag) === 0 ? 0 : this.heap.at(ref + idAt + this.idWords(ref)) >>> 0;
  }
}

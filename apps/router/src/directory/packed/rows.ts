import type { PackedReader } from './packed-reader.js';

/**
 * Tenants' records as they are kept outside memory: the words of the record but the time of its arrival, and the names of
 * its hosts in place of references. Numbers of stamps and regions stay: the list of names goes along.
 *
 * 0 to 5 as in tenant-record.ts, then the id; where the record says that hosts follow: their number, and for each its length
 * in bytes and its bytes.
 */
const fixedWords = 6;
const idMask = 0x3f;
const hostsFlag = 1 << 9;

/** Words that are written one after the other, in memory that grows. */
export class WordList {
  words = new Int32Array(2 ** 16);
  length = 0;

  push(word: number): void {
    if (this.length === this.words.length) {
      const larger = new Int32Array(this.words.length * 2);
      larger.set(this.words);
      this.words = larger;
    }
    this.words[this.length++] = word;
  }

  pushText(bytes: Buffer): void {
    this.push(bytes.length);
    for (let i = 0; i < bytes.length; i += 4)
      this.push((bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24));
  }

  /** What was written, as bytes; good until the next write. */
  bytes(): Buffer {
    return Buffer.from(this.words.buffer, 0, this.length * 4);
  }

  clear(): void {
    this.length = 0;
  }
}

/** The tenant's row behind those that are there. By the writer's thread only: nothing changes meanwhile. */
export const writeRow = (table: PackedReader, ref: number, into: WordList): void => {
  const head = table.heap.at(ref);
  const idWords = ((head & idMask) + 3) >>> 2;
  for (let i = 0; i < fixedWords; i += 1) into.push(table.heap.at(ref + i));
  for (let i = 0; i < idWords; i += 1) into.push(table.heap.at(ref + fixedWords + 1 + i));
  if ((head & hostsFlag) === 0) return;
  const hosts = table.records.hostNames(ref);
  into.push(hosts.length);
  for (const host of hosts) into.pushText(Buffer.from(host, 'utf8'));
};

/** One row, and where the next begins. */
export interface Row {
  /** Word at which the row begins, and its id's. */
  at: number;
  idAt: number;
  idBytes: number;
  hosts: string[];
  next: number;
}

const none: string[] = [];

/** Reads the row at a word. Only of words whose signature was checked. */
export const readRow = (words: Int32Array, at: number, row: Row): Row => {
  const head = words[at]!;
  row.at = at;
  row.idAt = at + fixedWords;
  row.idBytes = head & idMask;
  row.hosts = none;
  row.next = row.idAt + ((row.idBytes + 3) >>> 2);
  if ((head & hostsFlag) === 0) return row;
  row.hosts = [];
  const count = words[row.next++]!;
  for (let i = 0; i < count; i += 1) {
    const length = words[row.next++]!;
    row.hosts.push(Buffer.from(words.buffer, words.byteOffset + row.next * 4, length).toString('utf8'));
    row.next += (length + 3) >>> 2;
  }
  return row;
};

/** References of all tenants, a segment at a time. A split between two steps leaves its upper half behind, where it is still met. */
export const tenantsBySegment = function* (table: PackedReader): Generator<readonly number[]> {
  for (const { at } of table.tenants.segments()) yield table.tenants.refsIn(at);
};

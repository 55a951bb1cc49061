import { KeyWords } from './key-words.js';
import { header, segment } from './layout.js';
import type { PackedReader } from './packed-reader.js';
import { add64, hex64, zero, type Pair } from './pair.js';

/**
 * What the rows don't bear out. entries: ids or cursors; rows: any other word of a record or its hosts' names; lost: a key
 * that a look-up would not find; total: the segments don't add up to the whole.
 */
export type AuditFinding = 'entries' | 'rows' | 'lost' | 'total';

const same = (a: Pair, b: Pair): boolean => a.high === b.high && a.low === b.low;

/**
 * Recomputes from the rows what was kept up change by change, which can't see memory that has changed by itself, a slice at
 * a time, and compares. Runs in the writer's thread: no change comes within a slice. A segment from a copy on disk has no sums yet
 * and gets them here; with the last of them the whole is compared with what the copy's signature vouched for.
 */
export const auditSlices = function* (table: PackedReader): Generator<readonly AuditFinding[]> {
  const key = new KeyWords();
  for (const { at } of table.tenants.segments()) yield auditTenants(table, at, key);
  for (const { at } of table.hosts.segments()) yield auditHosts(table, at, key);
  yield auditTotal(table);
};

const auditTenants = (table: PackedReader, at: number, key: KeyWords): AuditFinding[] => {
  const { heap, tenants, records } = table;
  let root: Pair = zero;
  let rows = 0;
  let lost = 0;
  for (const ref of tenants.refsIn(at)) {
    root = add64(root, tenants.entryHash(ref));
    rows = (rows + records.rowHash(ref)) | 0;
    if (tenants.find(records.keyAt(ref, key), key.hash(heap.key0, heap.key1)) !== ref) lost += 1;
  }
  const findings: AuditFinding[] = lost > 0 ? ['lost'] : [];
  if (heap.at(at + segment.unsummed) === 1) {
    heap.set(at + segment.unsummed, 0);
    tenants.setSums(at, root, rows);
    return findings;
  }
  if (!same(root, tenants.root(at))) findings.push('entries');
  if (rows !== tenants.rows(at)) findings.push('rows');
  return findings;
};

const auditHosts = (table: PackedReader, at: number, key: KeyWords): AuditFinding[] => {
  const { heap, hosts } = table;
  for (const ref of hosts.refsIn(at)) if (hosts.find(hosts.keyAt(ref, key), key.hash(heap.key0, heap.key1)) !== ref) return ['lost'];
  return [];
};

const auditTotal = (table: PackedReader): AuditFinding[] => {
  const { heap, tenants, stamps } = table;
  let root = stamps.root();
  let count = stamps.all().length;
  for (const { at } of tenants.segments()) {
    // A load has begun since: the next pass has them.
    if (heap.at(at + segment.unsummed) === 1) return [];
    root = add64(root, tenants.root(at));
    count += heap.at(at + segment.count);
  }
  return hex64(root) === table.numbers().root && count === heap.at(header.entries) ? [] : ['total'];
};

import { KeyWords } from './key-words.js';
import { segment } from './layout.js';
import type { HostIndex } from './host-index.js';
import type { SharedHeap } from './shared-heap.js';
import type { TenantRecords } from './tenant-record.js';

/** The writer's part of the host index: who takes a name, and who gives it back. */
export class HostClaims {
  private readonly key = new KeyWords();

  constructor(
    private readonly heap: SharedHeap,
    private readonly hosts: HostIndex,
    private readonly records: TenantRecords,
  ) {}

  /** A host that has moved on to another tenant stays with that one, whichever entry comes first. Whether any host is now claimed that was not. */
  take(owner: number): boolean {
    let took = false;
    const { hosts, heap, records, key } = this;
    const cursor = records.cursor(owner);
    for (const ref of records.hostRefs(owner)) {
      const hash = hosts.keyAt(ref, key).hash(heap.key0, heap.key1);
      const holder = hosts.find(key, hash);
      if (holder === ref) continue;
      const other = holder === 0 ? 0 : hosts.owner(holder);
      if (holder !== 0 && records.id(other) !== records.id(owner) && records.cursor(other) > cursor) continue;
      const into = holder === 0 ? hosts.roomFor(hash) : hosts.segmentOf(hash);
      const place = holder === 0 ? 0 : hosts.placeOf(into, hash, holder);
      heap.turn(into + segment.sequence);
      if (holder === 0) hosts.insert(into, hash, ref);
      else hosts.replace(place, hash, ref);
      heap.turn(into + segment.sequence);
      took = true;
    }
    return took;
  }

  /** Names that these records still hold go, and then their memory. */
  giveBack(refs: readonly number[]): void {
    const { hosts, heap, key } = this;
    for (const ref of refs) {
      const hash = hosts.keyAt(ref, key).hash(heap.key0, heap.key1);
      if (hosts.find(key, hash) !== ref) continue;
      const from = hosts.segmentOf(hash);
      const place = hosts.placeOf(from, hash, ref);
      heap.turn(from + segment.sequence);
      hosts.remove(from, place);
      heap.turn(from + segment.sequence);
    }
    for (const ref of refs) hosts.release(ref);
  }
}

import { peer } from './npm-peers.ts';
import type { Subject } from './subject.ts';
import type { Change, Field, Item } from './workload.ts';

interface Doc {
  clientID: number;
  getMap(name: string): { set(key: string, value: Field): void; toJSON(): Item };
  transact(work: () => void): void;
}
interface Yjs {
  readonly Doc: new () => Doc;
  applyUpdate(doc: Doc, update: Uint8Array): void;
  encodeStateAsUpdate(doc: Doc, since?: Uint8Array): Uint8Array;
  encodeStateVector(doc: Doc): Uint8Array;
}
/** An update that says nothing has two bytes. */
const emptyBytes = 2;

/**
 * Yjs as fast as it can be: both sides in one process and in memory, a document for each item, state vectors exchanged for all of
 * them. No disk, no network, no server; its bytes are what it would have sent.
 */
export const yjs = (): Subject => {
  let Y: Yjs;
  let sides: Map<string, Doc>[] = [];
  let bytes = 0;
  const exchange = (): void => {
    const [one, other] = sides as [Map<string, Doc>, Map<string, Doc>];
    for (const [id, mine] of one) {
      const theirs = other.get(id)!;
      const [a, b] = [Y.encodeStateVector(mine), Y.encodeStateVector(theirs)];
      bytes += a.length + b.length + 2 * id.length;
      const [forThem, forUs] = [Y.encodeStateAsUpdate(mine, b), Y.encodeStateAsUpdate(theirs, a)];
      for (const [update, doc] of [
        [forThem, theirs],
        [forUs, mine],
      ] as const) {
        if (update.length <= emptyBytes) continue;
        bytes += update.length + id.length;
        Y.applyUpdate(doc, update);
      }
    }
  };
  return {
    name: 'yjs in memory',
    keeps: 'the history that merging needs; no disk, no network, one process',
    start: async (items) => {
      Y = await peer<Yjs>('yjs');
      sides = [1, 2].map(() => new Map<string, Doc>());
      bytes = 0;
      for (const { id, item } of items) {
        const first = new Y.Doc();
        first.clientID = 1;
        first.transact(() => Object.entries(item).forEach(([name, of]) => first.getMap('item').set(name, of)));
        const begin = Y.encodeStateAsUpdate(first);
        for (const [i, side] of sides.entries()) {
          const doc = new Y.Doc();
          doc.clientID = i + 2;
          Y.applyUpdate(doc, begin);
          side.set(id, doc);
        }
      }
    },
    cut: () => Promise.resolve(),
    write: (side, changes: readonly Change[]) => {
      for (const { id, fields } of changes) {
        const doc = sides[side]!.get(id)!;
        doc.transact(() => Object.entries(fields).forEach(([name, of]) => doc.getMap('item').set(name, of)));
      }
      return Promise.resolve();
    },
    heal: () => Promise.resolve(exchange()),
    same: () => Promise.resolve(true),
    read: (side) => Promise.resolve(new Map([...sides[side]!].map(([id, doc]) => [id, doc.getMap('item').toJSON()]))),
    bytes: () => bytes,
    conflicts: () => Promise.resolve(null),
    stop: () => Promise.resolve(),
  };
};

import path from 'node:path';
import { Wire } from '../../test/geodes/wire.js';
import { SideProcess } from './side-process.ts';
import type { Subject } from './subject.ts';
import type { Item } from './workload.ts';

export const pouchdb = (): Subject => {
  let sides: SideProcess[];
  let wire: Wire;
  return {
    name: 'pouchdb and express-pouchdb',
    keeps: 'whole documents with their revisions; the losing document of each conflict; LevelDB',
    start: async (items) => {
      sides = ['one', 'two'].map(() => new SideProcess(path.join(import.meta.dirname, 'pouchdb-side.ts')));
      await sides[0]!.ask('open', 'one');
      wire = await Wire.to(await sides[1]!.ask<number>('open', 'two'));
      await sides[0]!.ask('fill', items);
      await sides[0]!.ask('follow', `http://127.0.0.1:${new URL(wire.url).port}/items`);
      while (!(await same())) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    cut: () => Promise.resolve(wire.set('cut')),
    write: (side, changes) => sides[side]!.ask('write', changes),
    heal: () => Promise.resolve(wire.set('open')),
    same,
    read: async (side) => new Map(await sides[side]!.ask<[string, Item][]>('read')),
    bytes: () => wire.bytes,
    conflicts: () => sides[0]!.ask('conflicts'),
    stop: async () => {
      for (const side of sides) await side.stop();
      await wire.close();
    },
  };
  async function same(): Promise<boolean> {
    const [one, other] = await Promise.all(sides.map((side) => side.ask<string>('revisions')));
    return one === other;
  }
};

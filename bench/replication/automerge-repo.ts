import path from 'node:path';
import { Wire } from '../../test/geodes/wire.js';
import { SideProcess } from './side-process.ts';
import type { Subject } from './subject.ts';
import type { Item } from './workload.ts';

export const automergeRepo = (): Subject => {
  let sides: SideProcess[];
  let wire: Wire;
  return {
    name: 'automerge-repo',
    keeps: 'the whole history of each document, in memory',
    start: async (items) => {
      sides = ['one', 'two'].map(() => new SideProcess(path.join(import.meta.dirname, 'automerge-side.ts')));
      wire = await Wire.to(await sides[1]!.ask<number>('serve'));
      const ids = await sides[0]!.ask<[string, string][]>('fill', items);
      await sides[0]!.ask('follow', `ws://127.0.0.1:${new URL(wire.url).port}`);
      // What is looked for before anybody is there counts as not to be had.
      while ((await sides[1]!.ask<number>('peers')) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      await sides[1]!.ask('find', ids);
      while (!(await same())) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    cut: () => Promise.resolve(wire.set('cut')),
    write: (side, changes) => sides[side]!.ask('write', changes),
    heal: () => Promise.resolve(wire.set('open')),
    same,
    read: async (side) => new Map(await sides[side]!.ask<[string, Item][]>('read')),
    bytes: () => wire.bytes,
    conflicts: () => Promise.resolve(null),
    stop: async () => {
      for (const side of sides) await side.stop();
      await wire.close();
    },
  };
  async function same(): Promise<boolean> {
    const [one, other] = await Promise.all(sides.map((side) => side.ask<string>('heads')));
    return one === other;
  }
};

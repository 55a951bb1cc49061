import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Wire } from '../../test/geodes/wire.js';
import { SideProcess } from './side-process.ts';
import type { Subject } from './subject.ts';
import type { Item } from './workload.ts';

type Items = Parameters<Subject['start']>[0];

/** A peer as two processes of one program, the first of which reaches the second over the wire. */
export interface TwoProcesses {
  readonly name: string;
  readonly keeps: string;
  /** The program of a side, beside this file. It answers `write`, `read`, and what `state` names. */
  readonly program: string;
  /** What is equal on both sides when they agree. */
  readonly state: string;
  /** Lets the second side be reached, and returns its port. */
  readonly serve: (second: SideProcess) => Promise<number>;
  /** Fills the first side and joins it to the second, which is at `port` of this machine. */
  readonly join: (first: SideProcess, second: SideProcess, items: Items, port: string) => Promise<void>;
  readonly conflicts: (first: SideProcess) => Promise<number | null>;
}

const lookEveryMs = 50;

export const twoProcesses = (peer: TwoProcesses): Subject => {
  let sides: readonly [SideProcess, SideProcess];
  let wire: Wire;
  const same = async (): Promise<boolean> => {
    const [one, other] = await Promise.all(sides.map((side) => side.ask<string>(peer.state)));
    return one === other;
  };
  return {
    name: peer.name,
    keeps: peer.keeps,
    start: async (items) => {
      const file = path.join(import.meta.dirname, peer.program);
      sides = [new SideProcess(file), new SideProcess(file)];
      wire = await Wire.to(await peer.serve(sides[1]));
      await peer.join(sides[0], sides[1], items, new URL(wire.url).port);
      while (!(await same())) await sleep(lookEveryMs);
    },
    cut: () => Promise.resolve(wire.set('cut')),
    write: (side, changes) => sides[side].ask('write', changes),
    heal: () => Promise.resolve(wire.set('open')),
    same,
    read: async (side) => new Map(await sides[side].ask<[string, Item][]>('read')),
    bytes: () => wire.bytes,
    conflicts: () => peer.conflicts(sides[0]),
    stop: async () => {
      for (const side of sides) await side.stop();
      await wire.close();
    },
  };
};

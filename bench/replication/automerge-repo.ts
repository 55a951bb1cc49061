import { setTimeout as sleep } from 'node:timers/promises';
import { twoProcesses } from './two-processes.ts';
import type { Subject } from './subject.ts';

const lookEveryMs = 20;

export const automergeRepo = (): Subject =>
  twoProcesses({
    name: 'automerge-repo',
    keeps: 'the whole history of each document, in memory',
    program: 'automerge-side.ts',
    state: 'heads',
    serve: (second) => second.ask<number>('serve'),
    join: async (first, second, items, port) => {
      const ids = await first.ask<[string, string][]>('fill', items);
      await first.ask('follow', `ws://127.0.0.1:${port}`);
      // What is looked for before anybody is there counts as not to be had.
      while ((await second.ask<number>('peers')) === 0) await sleep(lookEveryMs);
      await second.ask('find', ids);
    },
    conflicts: () => Promise.resolve(null),
  });

import { twoProcesses } from './two-processes.ts';
import type { Subject } from './subject.ts';

export const pouchdb = (): Subject =>
  twoProcesses({
    name: 'pouchdb and express-pouchdb',
    keeps: 'whole documents with their revisions; the losing document of each conflict; LevelDB',
    program: 'pouchdb-side.ts',
    state: 'revisions',
    serve: (second) => second.ask<number>('open', 'two'),
    join: async (first, _, items, port) => {
      await first.ask('open', 'one');
      await first.ask('fill', items);
      await first.ask('follow', `http://127.0.0.1:${port}/items`);
    },
    conflicts: (first) => first.ask('conflicts'),
  });

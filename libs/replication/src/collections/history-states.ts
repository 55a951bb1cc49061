import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type HistoryState = 'single' | 'proposed' | 'broken';
export type HistoryEvent = 'propose' | 'miss' | 'commit' | 'hear';

/** How the history of a nested document begins anew, as one region sees it (generations.ts has what holds). */
export const historyTable: TransitionTable<HistoryState, HistoryEvent> = {
  name: 'history of a nested document',
  initial: 'single',
  states: {
    single: 'one history; writes are changes of it',
    proposed: 'what the document was is proposed as the first change of the next history; writes are made in both',
    broken: 'something was written that the proposal has not got; writes are made in the history that holds',
  },
  transitions: [
    { from: ['single', 'broken'], event: 'propose', to: 'proposed', why: 'the history is long beside what the document holds' },
    {
      from: ['proposed'],
      event: 'miss',
      to: 'broken',
      why: 'a write came that was made without knowing of it, or a region has more than it covers',
    },
    { from: ['proposed'], event: 'commit', to: 'single', why: 'every region is known to know of it, and nothing broke it' },
    {
      from: ['broken'],
      event: 'hear',
      to: 'single',
      why: 'its region committed it all the same: a region that was restored wrote meanwhile, and writes it anew',
    },
  ],
};

checkTransitions(historyTable);

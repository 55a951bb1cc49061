import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type RemovalState = 'removing' | 'handing-over' | 'removed';
export type RemovalEvent = 'remove' | 'find' | 'hand-over' | 'narrow';

/**
 * How a tenant's documents leave a region that its residency leaves out from now on (I3). From the first moment nothing of them is
 * written, taken in or shown here. What this region alone knew stays in its outbox, shown to regions that may have it, until they do:
 * no write is lost by a change of residency. A region that is allowed again meanwhile ends this first, and is filled after it.
 */
export const removalTransitions: TransitionTable<RemovalState, RemovalEvent> = {
  name: 'removal of documents',
  initial: 'removing',
  states: {
    removing: 'documents, history, ledger, dead letters, held changes and kept answers are to be deleted',
    'handing-over': 'they are deleted; the outbox still has what other regions have not acknowledged',
    removed: 'nothing is here any more; the event documents.removed and the audit say so',
  },
  transitions: [
    { from: ['removing'], event: 'remove', to: 'handing-over', why: 'one transaction has deleted everything but the outbox' },
    { from: ['handing-over'], event: 'find', to: 'removing', why: 'the last look found something' },
    { from: ['handing-over'], event: 'hand-over', to: 'removed', why: 'every allowed region has acknowledged the last change' },
    {
      from: ['removing', 'handing-over', 'removed'],
      event: 'narrow',
      to: 'removing',
      why: 'the residency has come to leave this region out',
    },
  ],
};

checkTransitions(removalTransitions);

import type { eventDeadLetterStates } from '@lapidary/contracts/api/replication';
import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type DeadLetterState = (typeof eventDeadLetterStates)[number];
export type DeadLetterEvent = 'replay' | 'supersede' | 'drop';

/**
 * Life of an event that could not be applied (P-SC3). It held nobody up: the vector went on, and a later event of the same
 * subject carries its whole state (I6). What is settled stays in the table, for people.
 */
export const deadLetterTransitions: TransitionTable<DeadLetterState, DeadLetterEvent> = {
  name: 'dead letter',
  initial: 'open',
  states: {
    open: 'parked as it came; replay it once its cause is mended',
    replayed: 'applied after all, once (I5)',
    superseded: 'a newer event of its subject had been applied before',
    dropped: 'given up by a person, who said why',
  },
  transitions: [
    { from: ['open'], event: 'replay', to: 'replayed', why: 'its cause is mended, and it was applied' },
    { from: ['open'], event: 'supersede', to: 'superseded', why: 'it was replayed and had nothing left to say' },
    { from: ['open'], event: 'drop', to: 'dropped', why: 'somebody gave it up' },
  ],
};

checkTransitions(deadLetterTransitions);

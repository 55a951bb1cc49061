import type { eventDeadLetterStates } from '@lapidary/contracts/api/replication';
import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type DeadLetterState = (typeof eventDeadLetterStates)[number];
export type DeadLetterEvent = 'replay' | 'supersede' | 'drop' | 'lead' | 'refuse';

/**
 * Life of an event that could not be applied (P-SC3). It holds no other key up: the vector goes on. Its own key (origin and
 * subject) is quarantined while it is told in parts, as documents are:
 *   Q1  nothing later of the key is applied before it is settled: it waits, in the order of the origin's log
 *   Q2  once the open one is settled, those behind it are applied in that order, until one is refused: that one is open then
 *   Q3  every other key flows on
 * What is told whole (stamps, tenants, definitions) leaves no hole: the next event that can be applied supersedes it (I6).
 * What is settled stays in the table, for people, for LAPIDARY_LEDGER_DAYS (prune-ledger.ts).
 */
export const deadLetterTransitions: TransitionTable<DeadLetterState, DeadLetterEvent> = {
  name: 'dead letter',
  initial: 'waiting',
  states: {
    waiting: 'parked untried behind an open one of its key, which comes first',
    open: 'the first of its key, parked as it came; replay it once its cause is mended',
    replayed: 'applied after all, once (I5)',
    superseded: 'a newer event of its subject told all of it',
    dropped: 'given up by a person, who said why',
    refused: 'it was in the region’s stream and is none of its events: kept to be looked at, never to be applied',
  },
  transitions: [
    { from: ['open'], event: 'replay', to: 'replayed', why: 'its cause is mended, and it was applied' },
    { from: ['waiting'], event: 'replay', to: 'replayed', why: 'what it waited for is settled, and it was applied' },
    { from: ['waiting'], event: 'lead', to: 'open', why: 'nothing stands before it, and it was refused' },
    { from: ['waiting'], event: 'refuse', to: 'refused', why: 'the region’s outbox has no such event' },
    { from: ['open', 'waiting'], event: 'supersede', to: 'superseded', why: 'it had nothing left to say' },
    { from: ['open', 'waiting'], event: 'drop', to: 'dropped', why: 'somebody gave it up' },
  ],
};

checkTransitions(deadLetterTransitions);

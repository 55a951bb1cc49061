import type { driftRunStatuses, findingStates, suppressionStates } from '@lapidary/contracts/api/drift';
import { checkTransitions, type TransitionTable } from '@lapidary/kernel/transition-table';

export type FindingState = (typeof findingStates)[number];
export type SuppressionState = (typeof suppressionStates)[number];
export type RunStatus = (typeof driftRunStatuses)[number];

/**
 * What these tables and the code beside them keep:
 *
 * - Hidden is not gone: a suppression changes no finding, and whether it hides one follows from the two rows and the time
 *   alone. Nothing has to run for an expired suppression to bring its findings back.
 * - A finding is resolved only by a look that found its subject in order, never by a look that failed or was left out.
 */
export const findingTable: TransitionTable<FindingState, 'suppress' | 'uncover' | 'vanish'> = {
  name: 'drift finding',
  initial: 'open',
  states: {
    open: 'differs now, and nobody has accepted that',
    suppressed: 'differs now; hidden until its suppression ends or the difference becomes another one',
    resolved: 'was looked at and is in order; coming back makes a new finding',
  },
  transitions: [
    { from: ['open', 'suppressed'], event: 'suppress', to: 'suppressed', why: 'somebody answers for it until a certain time' },
    { from: ['suppressed'], event: 'uncover', to: 'open', why: 'the suppression expired or was lifted, or another value was observed' },
    { from: ['open', 'suppressed'], event: 'vanish', to: 'resolved', why: 'a look at its subject no longer finds it' },
  ],
};

export const suppressionTable: TransitionTable<SuppressionState, 'expire' | 'lift'> = {
  name: 'drift suppression',
  initial: 'active',
  states: {
    active: 'hides what it names',
    expired: 'its time is over; what it hid shows again',
    lifted: 'ended before its time; what it hid shows again',
  },
  transitions: [
    { from: ['active'], event: 'expire', to: 'expired', why: 'the time has come; nobody has to do anything' },
    { from: ['active'], event: 'lift', to: 'lifted', why: 'somebody asked' },
  ],
};

export const runTable: TransitionTable<RunStatus, 'start' | 'finish' | 'fail' | 'interrupt'> = {
  name: 'drift run',
  initial: 'queued',
  states: {
    queued: 'waits for the leader',
    running: 'the leader looks',
    done: 'every sensor had its turn; its report says what could not be looked at',
    failed: 'ended at an error; findings are as the looks before it left them',
    interrupted: 'its leader died or gave up; findings are as the looks before left them',
  },
  transitions: [
    { from: ['queued'], event: 'start', to: 'running', why: 'the leader took it' },
    { from: ['running'], event: 'finish', to: 'done', why: 'the last sensor was asked' },
    { from: ['running'], event: 'fail', to: 'failed', why: 'it could not go on' },
    { from: ['running'], event: 'interrupt', to: 'interrupted', why: 'a new leader found it; it starts one of its own when that is due' },
  ],
};

checkTransitions(findingTable);
checkTransitions(suppressionTable);
checkTransitions(runTable);

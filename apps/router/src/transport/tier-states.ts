import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type TierState = 'untested' | 'raw' | 'public' | 'abandoned';
export type TierEvent = 'passed' | 'failed' | 'surprised';

/**
 * What the sockets of a thread that takes requests are. What always holds:
 * - T1 No connection of a client or a front door is raw before each operation has been seen to work, in this thread, on this machine.
 * - T2 The first thing that is not as expected ends the connection it was met on; what was under way there fails as it does when a peer resets it.
 *   Nothing of it is written again by other means, since nobody knows what has been: no byte goes twice, and no request is lost without a word.
 * - T3 From then on every new connection is Node's own, for as long as the thread lives; there is no way back.
 */
export const tierTable: TransitionTable<TierState, TierEvent> = {
  name: 'socket tier',
  initial: 'untested',
  states: {
    untested: 'Nothing has been accepted yet',
    raw: 'Connections are handles of libuv, without a stream before them',
    public: 'Connections are sockets of node:net: the test has failed',
    abandoned: 'New connections are sockets of node:net: a handle has surprised',
  },
  transitions: [
    { from: ['untested'], event: 'passed', to: 'raw', why: 'each operation did what it should between two ends in this process' },
    { from: ['untested'], event: 'failed', to: 'public', why: 'one did not, or this Node does not give its handles' },
    { from: ['raw'], event: 'surprised', to: 'abandoned', why: 'a result, an error or an order that must not be' },
  ],
};

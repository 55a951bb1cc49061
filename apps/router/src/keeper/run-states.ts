import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type RunState = 'starting' | 'serving' | 'leading' | 'draining' | 'gone';
export type RunEvent = 'listening' | 'lead' | 'drain' | 'ended';

/**
 * One process of the router, kept by a keeper. What always holds:
 * - K1 The keeper holds the listening sockets from its start until it is told to stop. Whatever becomes of processes and workers, a
 *   connection is not refused, and what waits in a queue waits for the next that accepts.
 * - K2 At most one process leads. One drains only when another serves in its place with a directory of its own, or the keeper stops.
 * - K3 A configuration takes effect at a start or a reload of the router, and not with a death; one that is not valid starts nothing. A process that does not
 *   serve in time, or dies before, is given up. Either way the one that leads goes on.
 * - K4 When the one that leads ends by itself, another is started, with back-off, and counted.
 * - K5 At a stop the keeper closes its own descriptors first: the last worker that closes its own has emptied the queue.
 * - K6 A keeper that is killed takes its processes along: they drain when it is gone.
 * - K7 One whose main thread says nothing for three times LAPIDARY_WORKER_SILENT_MS follows no change any more, though its workers may serve: another is started, and when it
 *   leads the silent one is killed.
 */
export const keptRunTable: TransitionTable<RunState, RunEvent> = {
  name: 'router process',
  initial: 'starting',
  states: {
    starting: 'Loads the directory; takes no requests yet',
    serving: 'Its workers take requests, beside those of the one that leads',
    leading: 'Has the admin port and the name server too, and speaks to the fleet',
    draining: 'Accepts nothing more and ends what it has',
    gone: 'The process has ended',
  },
  transitions: [
    { from: ['starting'], event: 'listening', to: 'serving', why: 'all its workers listen' },
    { from: ['serving'], event: 'lead', to: 'leading', why: 'there is no other, or the other has given these up' },
    {
      from: ['starting', 'serving', 'leading'],
      event: 'drain',
      to: 'draining',
      why: 'another leads, the keeper stops, or it took too long',
    },
    { from: ['starting', 'serving', 'leading', 'draining'], event: 'ended', to: 'gone', why: 'it has drained, or died' },
  ],
};

import type { TransitionTable } from '@lapidary/kernel/transition-table';

export type WorkerState = 'starting' | 'serving' | 'draining' | 'gone';
export type WorkerEvent = 'listening' | 'drain' | 'ended';

/**
 * A thread that takes requests. What always holds:
 * - W1 A worker has descriptors of the listening sockets of its own. What waits in a queue when it closes them, or dies, is
 *   accepted by the others, or by the next: a queue is never closed with a worker. One that dies may take a connection along that came in the
 *   milliseconds of its end: the runtime turns the loop of a thread that it takes down once more, and that accepts.
 * - W2 A worker that ends without having been told to is replaced, with back-off, and counted; the others serve meanwhile.
 * - W3 The router is ready while one worker serves.
 * - W4 A worker that drains takes what has come, then accepts nothing more, and every answer of it ends its connection.
 * - W5 A worker whose loop has not turned for LAPIDARY_WORKER_SILENT_MS, and a look more, is ended: what it had is as after W2. One that can't be
 *   ended, since it is in the middle of a call of the system, makes the keeper put another process in this one's place.
 */
export const workerTable: TransitionTable<WorkerState, WorkerEvent> = {
  name: 'worker',
  initial: 'starting',
  states: {
    starting: 'The thread loads its program, does not listen yet',
    serving: 'Accepts connections and takes requests',
    draining: 'Accepts nothing more and ends what it has',
    gone: 'The thread has ended',
  },
  transitions: [
    { from: ['starting'], event: 'listening', to: 'serving', why: 'it listens on its descriptor' },
    { from: ['starting', 'serving'], event: 'drain', to: 'draining', why: 'the router stops, or another process takes over' },
    { from: ['starting', 'serving', 'draining'], event: 'ended', to: 'gone', why: 'it has drained, or died' },
  ],
};

import type { GivenSockets } from '../given-sockets.js';

/** Starts of the router's process so far, by cause; `refused` could not take over. */
export type RunCause = 'start' | 'reload' | 'death' | 'sockets' | 'refused';
export type RunCounts = Readonly<Record<RunCause, number>>;

export type ToRun =
  /** `relieves`: another process serves, and goes on until this one does. */
  | { readonly type: 'start'; readonly sockets: GivenSockets; readonly relieves: boolean }
  | { readonly type: 'lead' }
  | { readonly type: 'release' }
  | { readonly type: 'counts'; readonly counts: RunCounts }
  /** `relieved`: another process leads now. */
  | { readonly type: 'drain'; readonly graceMs: number; readonly relieved: boolean };

export type FromRun =
  | { readonly type: 'listening' }
  | { readonly type: 'released' }
  /** A worker has died, and there is no socket left for another. */
  | { readonly type: 'out_of_sockets' };

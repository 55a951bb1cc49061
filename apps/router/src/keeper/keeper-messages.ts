import type { RouterConfig } from '@lapidary/config/router';
import type { GivenSockets } from '../given-sockets.js';

/** Why a process can't go on as it is: no descriptor is left for another worker, or one that hangs can't be ended. */
export type SpentCause = 'sockets' | 'stuck';
/** Starts of the router's process so far, by cause; `hung` did not speak any more, `refused` could not take over. */
export type RunCause = 'start' | 'reload' | 'death' | SpentCause | 'hung' | 'refused';
export type RunCounts = Readonly<Record<RunCause, number>>;

/** A message to the keeper costs microseconds. */
export const runBeatMs = 1_000;

export type ToRun =
  /** `config`: the settings in force, as plain data. `relieves`: another process serves, and goes on until this one does. */
  | { readonly type: 'start'; readonly config: RouterConfig; readonly sockets: GivenSockets; readonly relieves: boolean }
  | { readonly type: 'lead' }
  | { readonly type: 'release' }
  | { readonly type: 'counts'; readonly counts: RunCounts }
  /** `relieved`: another process leads now. */
  | { readonly type: 'drain'; readonly graceMs: number; readonly relieved: boolean };

export type FromRun =
  | { readonly type: 'listening' }
  | { readonly type: 'released' }
  /** Its main thread's loop turns. */
  | { readonly type: 'beat' }
  | { readonly type: 'spent'; readonly cause: SpentCause };

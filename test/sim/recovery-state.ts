import type { RecoveryState } from '@lapidary/replication/recovery/recovery-states';

/** The last event of a log that was taken in, as a peer names it (judge-log.ts). */
export interface LastTaken {
  readonly epoch: number;
  readonly sequence: number;
  readonly event: string;
}

/** What a region's database says of its own log (fence/recovery-rows.ts, recovery/recovery-progress.ts). */
export interface Recovery {
  readonly state: RecoveryState;
  /** The latest epoch of its log that anybody named. */
  readonly epochHeard: number;
  /** Peer → how far it knew the log, of those that are reconciled, or have vouched for it. */
  readonly done: ReadonlyMap<string, { readonly epoch: number; readonly sequence: number }>;
  /** Documents and definitions that another region knew more of, to be told anew. */
  readonly found: ReadonlySet<string>;
  /** The latest hybrid time of this region that anybody knew of (B6). */
  readonly floor: string;
  /** Under which epochs the others were known when it was restored. */
  readonly peerEpochs: ReadonlyMap<string, number>;
  /** Some region that was heard was restored itself, and may have known more. */
  readonly isUnsure: boolean;
  /** Regions that a person had it opened without. */
  readonly without: ReadonlySet<string>;
}

export const sound: Recovery = {
  state: 'sound',
  epochHeard: 0,
  done: new Map(),
  found: new Set(),
  floor: '',
  peerEpochs: new Map(),
  isUnsure: false,
  without: new Set(),
};

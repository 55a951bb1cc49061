import type { Traffic } from '@lapidary/contracts/agent-protocol';
import type { StampObservation } from '@lapidary/contracts/api/observations';
import type { Check, RolloutPolicy, RolloutView, Verdict } from '@lapidary/contracts/api/rollouts';
import type { JobView } from '@lapidary/contracts/api/jobs';
import type { MemberStatus, RolloutStatus, WaveStatus } from './rollout-states.js';

/** A roll-out as plain values: what the step function reads and answers. Times are milliseconds of the coordinator's clock. */
export interface RolloutState {
  id: string;
  status: RolloutStatus;
  statusReason: string | null;
  kind: RolloutView['kind'];
  target: string;
  base: string;
  regions: readonly string[];
  policy: RolloutPolicy;
  /** Patience counts from here: its start, or the last time somebody told it to go on. */
  resumedAtMs: number;
  waves: WaveState[];
  members: MemberState[];
}

export interface WaveState {
  readonly position: number;
  readonly name: string;
  readonly ring: RolloutView['waves'][number]['ring'];
  readonly approval: boolean;
  status: WaveStatus;
  approvedBy: string | null;
  startedAtMs: number | null;
  soakingSinceMs: number | null;
  finishedAtMs: number | null;
  /** Since when a comparison of the whole wave fails without a break. */
  failingSinceMs: number | null;
  checks: Check[];
  verdict: Verdict | null;
}

export interface MemberState {
  readonly stamp: string;
  readonly region: string;
  /** Position of its wave. */
  wave: number;
  status: MemberStatus;
  fromVersion: string | null;
  /** Grows with each thing asked of its region; part of the idempotency key (I8). */
  attempt: number;
  /** Of the attempt; null while its region has not accepted it. */
  job: string | null;
  held: boolean;
  changedAtMs: number | null;
  unhealthySinceMs: number | null;
  failingSinceMs: number | null;
  reverts: number;
  message: string | null;
}

/** A stamp of the fleet as its replica here says. */
export interface FleetStamp {
  readonly name: string;
  readonly region: string;
  readonly ring: WaveState['ring'];
  readonly status: string;
  /** Of the kind that is rolled out. */
  readonly version: string | null;
  readonly heldBy: string | null;
}

/** What a stamp's region answered to a change. */
export type Acceptance =
  | { readonly attempt: number; readonly job: string; readonly fromVersion: string | null }
  | { readonly attempt: number; readonly refused: string; readonly message: string }
  /** Not now: it is asked again. */
  | { readonly attempt: number; readonly waiting: string };

/** Everything a step may know of the world. What could not be found out is left out, and never guessed. */
export interface RolloutObservations {
  /** When it was looked; windows of traffic follow from it. */
  readonly atMs: number;
  /** Undefined: the fleet could not be read; nobody joins or leaves. */
  readonly fleet?: readonly FleetStamp[];
  /** Open roll-outs that other regions coordinate, as far as is known here. */
  readonly rivals: readonly string[];
  /** By stamp. */
  readonly accepted: ReadonlyMap<string, Acceptance>;
  readonly released: ReadonlySet<string>;
  /** By job id. */
  readonly jobs: ReadonlyMap<string, Pick<JobView, 'status' | 'error'>>;
  readonly stamps: ReadonlyMap<string, StampObservation>;
  /** By beginning of the window (windowStarts), then by stamp. */
  readonly traffic: ReadonlyMap<number, ReadonlyMap<string, Traffic>>;
  /** What keeps the events of one region from being read in another; empty: all can be. Undefined: not known. */
  readonly unreadable?: readonly string[];
}

export interface RolloutLine {
  readonly level: 'info' | 'warning' | 'error';
  readonly wave: string | null;
  readonly stamp: string | null;
  readonly message: string;
}

export const newMember = (stamp: string, region: string, wave: number, fromVersion: string | null): MemberState => ({
  stamp,
  region,
  wave,
  status: 'waiting',
  fromVersion,
  attempt: 0,
  job: null,
  held: false,
  changedAtMs: null,
  unhealthySinceMs: null,
  failingSinceMs: null,
  reverts: 0,
  message: null,
});

import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { ErrorCode } from '@lapidary/kernel/error-catalogue';
import type { LimitsBook } from './limits-book.js';
import type { TenantMemo } from './tenant-states.js';

/**
 * What the paths of a request ask of limits, bulkheads and breakers. Every call is synchronous, asks nobody (P-TH3,
 * P-LB2), and allocates nothing where the answer is "go". `nowMs` is monotonic (performance.now()).
 *
 * Contract of a caller:
 * 1. `admit` once for each request that is to be forwarded; for each "go", also one that came of waiting, exactly one
 *    `release` with the same two routes. A request that is looked up again and has moved is released and admitted anew.
 * 2. For each front door that `choose` gives, exactly one `attempted`: in between it counts as one connection in use.
 * 3. Before any repeat, `mayRetry`. What it allows it has counted.
 */
export interface TrafficPolicy {
  /**
   * `urgency` is that of RFC 9218 (0 most urgent … 7): a client may lower its own priority within its tier, never raise it. `memo`: one that was never given with
   * another tenant.
   */
  admit(tenant: TenantRoute, stamp: StampRoute, nowMs: number, urgency?: number, memo?: TenantMemo): Admission;
  /** A place for a tunnel that is to be opened, beside the request's own, which is released when it is open: what gives it back, once; or why there is none. */
  openTunnel(tenant: TenantRoute, stamp: StampRoute): (() => void) | Refused;
  /** A front door to try, none of `except`; or why there is none. */
  choose(stamp: StampRoute, except: ReadonlySet<string>, nowMs: number): string | Refused;
  release(tenant: TenantRoute, stamp: StampRoute, nowMs: number, memo?: TenantMemo): void;
  /** `tookMs`: to the head of the answer, or to the failure. `tenant`: whose request it was. */
  attempted(stamp: string, frontDoor: string, outcome: AttemptOutcome, tookMs: number, nowMs: number, tenant: string): void;
  /** How long requests are given; changes with the limits. */
  readonly patience: PatienceRules;
  /** Whether one more attempt of a request is within the stamp's retry budget. */
  mayRetry(stamp: string, nowMs: number): boolean;
  /** After how long without an answer a request that may be doubled is to be sent to another front door, too; 0: not at all. */
  hedgeAfterMs(stamp: string): number;
  /** Whether one more may be, within the stamp's budget. What it allows it has counted. */
  mayHedge(stamp: string, nowMs: number): boolean;
  /** What `admit` and `choose` would say now; changes nothing. */
  foresee(tenant: TenantRoute, stamp: StampRoute, nowMs: number): Foreseen;
}

/** P-LB3: what bounds a request as a whole (pipeline/request-deadline.ts). */
export type PatienceRules = Pick<LimitsBook, 'patienceMsMin' | 'patienceOf'>;

export const usualUrgency = 3;

export type Admission = 'go' | Refused | Waiting;

export interface Refused {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  /** Header fields of the answer, by lower-case name: ratelimit, ratelimit-policy. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A place in a short bounded queue. */
export interface Waiting {
  readonly kind: 'waiting';
  /** Longest time until `admission` settles. */
  readonly waitMsMax: number;
  /** Never rejects. */
  readonly admission: Promise<'go' | Refused>;
  /** For when the client has gone: gives the place up, and the admission settles as refused unless it has settled. */
  abandon(nowMs: number): void;
}

/**
 * `answered`: any answer that is the workload's own, whatever its status: one tenant's errors must not be felt by others.
 * `server_error`: the agent says that its workload takes no connections. `request_error`: any other 502, 503 or 504, another 5xx of the agent's,
 * or no answer of HTTP. `cut`: it broke off within its answer; `reset`: before. Of request_error, timeout and cut one tenant's requests may be
 * the cause (mayBeTenants). `client_gone`, `stale_connection` (a reused connection that was closed as the request was written) and `overtaken` (another attempt of the same request
 * answered first) say nothing about the door.
 */
export type AttemptOutcome =
  | 'answered'
  | 'server_error'
  | 'request_error'
  | 'timeout'
  | 'unreachable'
  | 'reset'
  | 'cut'
  | 'stale_connection'
  | 'client_gone'
  | 'overtaken';

/** Whether a failure may be what one tenant's own requests, data or patience have made, with the stamp well for all others. */
export const mayBeTenants = (outcome: AttemptOutcome): boolean => outcome === 'request_error' || outcome === 'timeout' || outcome === 'cut';

export interface Foreseen {
  readonly admission: 'go' | Refused;
  readonly door: string | Refused;
  readonly reasons: { readonly limits: string; readonly select: string };
}

export const isRefused = (value: string | Refused | Waiting): value is Refused => typeof value !== 'string' && value.kind === 'refused';

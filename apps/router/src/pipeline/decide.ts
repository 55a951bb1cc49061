import type { RouteExplanation } from '@lapidary/contracts/api/routing';
import type { StampRoute, TenantRoute } from '@lapidary/contracts/directory';
import type { ErrorCode } from '@lapidary/kernel/error-catalogue';
import type { RequestProblem } from '@lapidary/stamp-sdk/forward/request-check';
import type { TenantMemo } from '../traffic-policy/tenant-states.js';
import { admit } from './admit.js';
import { identify, type RequestAddress } from './identify.js';
import type { IdentifyRule } from './identify-order.js';
import { locate, type DirectoryView } from './locate.js';
import { reside, type RouterPlace } from './reside.js';

type RouteStep = RouteExplanation['steps'][number];

export interface ForwardDecision {
  readonly action: 'forward';
  readonly tenant: string;
  readonly stamp: string;
  readonly epoch: number;
  /** The entries that were decided by; what the traffic policy is asked with. */
  readonly routes: { readonly tenant: TenantRoute; readonly stamp: StampRoute; readonly memo: TenantMemo };
  /** Path and query for the stamp. */
  readonly path: string;
  /** What was taken off the path; "" where the tenant was not found by path. */
  readonly prefix: string;
  readonly steps: readonly RouteStep[];
}

export interface RefuseDecision {
  readonly action: 'refuse';
  readonly code: ErrorCode;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
  /** Further header fields of the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where HTTP has a more exact status than the code's. */
  readonly status: number | undefined;
  /** No byte of the body is to be read (I3). */
  readonly unread: boolean;
  readonly tenant: string | null;
  readonly stamp: string | null;
  readonly epoch: number | null;
  readonly steps: readonly RouteStep[];
}

/** What the router will do with a request, as a value. */
export type RouteDecision = ForwardDecision | RefuseDecision;

export interface DecideInput {
  readonly address: RequestAddress;
  /** What makes the message unfit to be forwarded at all. */
  readonly problem: RequestProblem | null;
  readonly method: string;
  readonly baseDomain: string;
  readonly place: RouterPlace;
  readonly directory: DirectoryView;
  /** Where to look for the tenant, by host and path, beside the usual order. */
  readonly identifyRules?: readonly IdentifyRule[];
}

interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly retryAfterSeconds?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly unread?: boolean;
}

/** A directory takes a moment to load where there is a source. */
const notLoaded: Refusal = { code: 'not_ready', reason: 'this router has no directory yet', retryAfterSeconds: 1 };

/** What was made since the copy was written is no less somebody's: "there is no such tenant" would be taken for an answer, and kept. */
const notCompared: Refusal = {
  code: 'not_ready',
  reason: 'this router has begun with a copy of the directory, and compares it; the tenant may be newer',
  retryAfterSeconds: 1,
};

type StepName = RouteStep['step'];

/**
 * Identify, locate, admit: which stamp serves the request, pure, and the same for the same directory. The server acts on it
 * and the explanation shows it, so that the two can't differ. Limits and the choice of a front door, which depend on what
 * other requests do, are the traffic policy's.
 */
export const decide = ({ address, problem, method, baseDomain, place, directory, identifyRules }: DecideInput): RouteDecision => {
  const steps: RouteStep[] = [];
  const known: { tenant: string | null; stamp: string | null; epoch: number | null } = { tenant: null, stamp: null, epoch: null };
  const passes = <T extends { readonly ok: boolean; readonly reason: string }>(
    step: StepName,
    outcome: T,
  ): outcome is Extract<T, { ok: true }> => {
    steps.push({ step, ok: outcome.ok, reason: outcome.reason });
    return outcome.ok;
  };
  const refuse = (no: Refusal): RefuseDecision => ({
    action: 'refuse',
    retryAfterSeconds: undefined,
    headers: {},
    status: undefined,
    unread: false,
    ...no,
    ...known,
    steps,
  });

  if (problem) {
    steps.push({ step: 'identify', ok: false, reason: problem.reason });
    return refuse({ code: 'invalid_input', reason: problem.reason, status: problem.status });
  }
  if (!directory.isLoaded) {
    // Before identify: without a directory a tenant's own host name would look unknown.
    steps.push({ step: 'locate', ok: false, reason: notLoaded.reason });
    return refuse(notLoaded);
  }

  const unlessNewer = (no: Refusal): Refusal => (no.code === 'unknown_tenant' && directory.mayLack ? notCompared : no);
  const tenantOfHost = (host: string): string | undefined => directory.tenantOfHost(host);
  const identified = identify(address, { baseDomain, tenantOfHost, rules: identifyRules });
  if (!passes('identify', identified)) {
    const { code, reason, retryAfterSeconds, headers = {} } = identified;
    return refuse(unlessNewer({ code, reason, retryAfterSeconds, headers }));
  }
  known.tenant = identified.tenant;

  const located = locate(identified.tenant, directory);
  if (!passes('locate', located)) return refuse(unlessNewer({ code: located.code, reason: located.reason }));
  known.stamp = located.tenant.stamp;
  known.epoch = located.tenant.epoch;

  const resided = reside(located.tenant, place, method, identified.path);
  if (!resided.ok) {
    steps.push({ step: 'admit', ok: false, reason: resided.reason });
    return refuse({ code: resided.code, reason: resided.reason, status: resided.status, headers: resided.headers, unread: true });
  }

  const admitted = admit(located.tenant, located.stamp);
  if (!passes('admit', admitted))
    return refuse({ code: admitted.code, reason: admitted.reason, retryAfterSeconds: admitted.retryAfterSeconds });

  return {
    action: 'forward',
    tenant: identified.tenant,
    stamp: admitted.stamp.stamp,
    epoch: located.tenant.epoch,
    routes: { tenant: located.tenant, stamp: admitted.stamp, memo: { found: null } },
    path: identified.path,
    prefix: identified.prefix,
    steps,
  };
};

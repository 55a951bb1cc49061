import type { ServerResponse } from 'node:http';
import { errorHeader, hintHeader, requestIdHeader, stampHeader } from '@lapidary/contracts/workload';
import { AppError } from '@lapidary/kernel/app-error';
import type { FenceDecision, FenceRefusal } from '@lapidary/stamp-sdk/fence';
import type { ClaimRefusal } from '@lapidary/stamp-sdk/route-claim/claim-verifier';
import type { ForwardResult } from '@lapidary/stamp-sdk/forward/forward-result';
import type { RequestProblem } from '@lapidary/stamp-sdk/forward/request-check';
import { problemContentType, problemOf } from '@lapidary/stamp-sdk/problem';

/** A workload that restarts is back within seconds. */
const retryAfterSeconds = 1;

const refusalTexts: Readonly<Record<FenceRefusal | ClaimRefusal, string>> = {
  malformed: 'The request carries no tenant and epoch that can be trusted',
  not_held: 'This stamp does not hold the tenant',
  older_epoch: 'This stamp holds the tenant at an older epoch than the request’s',
  not_serving: 'This stamp’s agent does not know at the moment what it holds',
  claim_missing: 'The request carries no routing claim, or more than one',
  claim_invalid: 'The routing claim is not one that a router of this fleet has signed',
  claim_expired: 'The routing claim has expired',
  claim_of_other_stamp: 'The routing claim is for another stamp',
};

/** Answers with a problem in the agent's own name. The connection stays usable: the caller sees to an unread body. */
export const sendProblem = (
  response: ServerResponse,
  stamp: string,
  error: AppError,
  extra: Record<string, string> = {},
  status?: number,
): void => {
  if (response.headersSent || response.destroyed) return;
  const requestId = response.req.headers[requestIdHeader];
  const problem = problemOf(error, typeof requestId === 'string' ? requestId : null);
  const body = JSON.stringify({ ...problem, status: status ?? problem.status });
  response.writeHead(status ?? problem.status, {
    'content-type': problemContentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    [stampHeader]: stamp,
    [errorHeader]: error.code,
    ...(error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) }),
    ...extra,
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
};

type Refusal = Omit<Extract<FenceDecision, { serve: false }>, 'reason'> & { readonly reason: FenceRefusal | ClaimRefusal };

/** 421 with the epoch that is held, so that the router (or the holder of a claim) knows which of the two is behind. */
export const sendRefusal = (response: ServerResponse, stamp: string, decision: Refusal): void => {
  const { reason, tenant, heldEpoch } = decision;
  const error = new AppError('misdirected', refusalTexts[reason], { details: { reason, tenant, stamp, heldEpoch } });
  sendProblem(response, stamp, error, { [hintHeader]: heldEpoch === 0 ? 'none' : String(heldEpoch) });
};

export const sendRequestProblem = (response: ServerResponse, stamp: string, { status, reason }: RequestProblem): void => {
  response.shouldKeepAlive = false;
  sendProblem(response, stamp, new AppError('invalid_input', reason), {}, status);
};

/** What a forward that gave no answer means to the client; null where it was answered or nobody is there to be told. */
export const errorOf = (result: ForwardResult): AppError | null => {
  switch (result.kind) {
    case 'unreachable':
      return new AppError('stamp_unavailable', 'The workload does not take connections', { retryAfterSeconds });
    case 'no_answer':
      return result.reason === 'head_timeout'
        ? new AppError('timeout', 'The workload did not answer in time')
        : new AppError('stamp_bad_answer', 'The workload broke off or answered badly');
    case 'client_stalled':
      return new AppError('invalid_input', 'The request’s body stopped arriving');
    case 'answered':
    case 'intercepted':
    case 'cut':
    case 'client_gone':
    case 'tunnelled':
      return null;
  }
};

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

/** A problem as status, headers and body, for whichever protocol the request came by. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const problemAnswer = (
  stamp: string,
  error: AppError,
  requestId: string | null,
  extra: Readonly<Record<string, string>> = {},
  status: number = error.entry.status,
): ProblemAnswer => {
  const body = JSON.stringify({ ...problemOf(error, requestId), status });
  const headers = {
    'content-type': problemContentType,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    [stampHeader]: stamp,
    [errorHeader]: error.code,
    ...(error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) }),
    ...extra,
  };
  return { status, headers, body };
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
  const answer = problemAnswer(stamp, error, typeof requestId === 'string' ? requestId : null, extra, status);
  response.writeHead(answer.status, answer.headers);
  response.end(response.req.method === 'HEAD' ? undefined : answer.body);
};

type Refusal = Omit<Extract<FenceDecision, { serve: false }>, 'reason'> & { readonly reason: FenceRefusal | ClaimRefusal };

const refusalError = (stamp: string, { reason, tenant, heldEpoch }: Refusal): AppError =>
  new AppError('misdirected', refusalTexts[reason], { details: { reason, tenant, stamp, heldEpoch } });

const hintOf = ({ heldEpoch }: Refusal): Record<string, string> => ({ [hintHeader]: heldEpoch === 0 ? 'none' : String(heldEpoch) });

/** 421 with the epoch that is held, so that the router (or the holder of a claim) knows which of the two is behind. */
export const refusalAnswer = (stamp: string, decision: Refusal, requestId: string | null): ProblemAnswer =>
  problemAnswer(stamp, refusalError(stamp, decision), requestId, hintOf(decision));

export const sendRefusal = (response: ServerResponse, stamp: string, decision: Refusal): void =>
  sendProblem(response, stamp, refusalError(stamp, decision), hintOf(decision));

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

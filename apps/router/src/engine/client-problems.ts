import { AppError } from '@lapidary/kernel/app-error';
import { newId } from '@lapidary/kernel/ids';
import type { ProblemAnswer } from '../answer-problem.js';
import type { RequestHead } from '../http1/request-record.js';
import type { RouterMetrics } from '../metrics.js';

/** What ends a connection before there is a request, or within one: where the next message begins is not known. Those of bad ones are counted. */
const problem = (error: AppError, status: number): ProblemAnswer => ({ error, requestId: newId(), status, close: true });

export const badHead = (metrics: RouterMetrics, { status, reason }: Pick<RequestHead, 'status' | 'reason'>): ProblemAnswer => {
  metrics.lapidary_router_bad_requests_total.inc({ code: `scan_${status}` });
  return problem(new AppError('invalid_input', `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`), status);
};

export const badBody = (metrics: RouterMetrics, reason: string): ProblemAnswer => {
  metrics.lapidary_router_bad_requests_total.inc({ code: 'body' });
  return problem(new AppError('invalid_input', `The body is not valid: ${reason}.`), 400);
};

export const lateHead = (): ProblemAnswer => problem(new AppError('timeout', 'The request did not arrive in time.'), 408);

import { AppError, type FieldProblem } from '@lapidary/kernel/app-error';
import { errorCatalogue } from '@lapidary/kernel/error-catalogue';
import type { ProblemAnswer } from '../answer-problem.js';
import type { Refused } from '../traffic-policy/traffic-policy.js';
import type { Answer } from './after-forward.js';
import type { ForwardDecision, RefuseDecision } from './decide.js';

type Problem = Omit<ProblemAnswer, 'requestId'>;

/** What the policy said no to, as a decision. */
export const refusalOf = (
  { tenant, stamp, epoch, steps }: ForwardDecision,
  { code, reason, retryAfterSeconds, headers }: Refused,
): RefuseDecision => ({
  action: 'refuse',
  code,
  reason,
  retryAfterSeconds,
  headers,
  status: undefined,
  unread: false,
  tenant,
  stamp,
  epoch,
  steps,
});

const noFields: readonly FieldProblem[] = [];
const noDetails = {};

/** How a refusal is answered. It is no error that was thrown: to note the stack of one was a fifth of what a refusal costs. */
export const refusalProblem = ({ code, reason, retryAfterSeconds, status, headers, unread }: RefuseDecision): Problem => ({
  error: {
    code,
    message: `${sentence(reason)}.`,
    entry: errorCatalogue[code],
    fields: noFields,
    details: noDetails,
    retryAfterSeconds,
  },
  status,
  headers,
  // After a message that two servers could read differently, the connection's next bytes can't be trusted.
  close: status !== undefined || unread,
  unread,
});

/** How an attempt that came to nothing is answered. */
export const answerProblemOf = ({ code, detail, status }: Answer): Problem => ({
  error: new AppError(code, detail, { retryAfterSeconds: code === 'stamp_bad_answer' ? 1 : undefined }),
  status,
  close: status === 408,
});

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

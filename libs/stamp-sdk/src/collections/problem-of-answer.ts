import { ProblemSchema } from '@lapidary/contracts/api/common';
import { AppError } from '@lapidary/kernel/app-error';
import { isErrorCode } from '@lapidary/kernel/error-catalogue';

/** What the control plane refused with, as the error that it is there. */
export const problemOfAnswer = (response: Response, answer: unknown): AppError => {
  const problem = ProblemSchema.safeParse(answer);
  if (!problem.success || !isErrorCode(problem.data.code))
    return new AppError(response.status >= 500 ? 'api_unreachable' : 'bad_answer', `HTTP ${response.status}`);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new AppError(problem.data.code, problem.data.detail, {
    details: problem.data.details ?? {},
    ...(Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {}),
  });
};

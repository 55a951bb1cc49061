import type { Problem } from '@lapidary/contracts/api/common';
import type { AppError } from '@lapidary/kernel/app-error';

export const problemContentType = 'application/problem+json; charset=utf-8';

/** What of an error is told: all that an answer needs of one that nobody throws, and whose stack nobody reads. */
export type PublicError = Pick<AppError, 'code' | 'message' | 'entry' | 'fields' | 'details' | 'retryAfterSeconds'>;

/** RFC 9457 body of an error, for what agents and workloads answer themselves. Internal texts stay inside. */
export const problemOf = (error: PublicError, requestId?: string | null): Problem => ({
  type: `/docs/runbooks/${error.code}`,
  title: error.entry.title,
  status: error.entry.status,
  detail: error.message,
  code: error.code,
  check: error.entry.check,
  retry: error.entry.retry,
  ...(requestId ? { requestId } : {}),
  ...(error.fields.length > 0 ? { fields: [...error.fields] } : {}),
  ...(Object.keys(error.details).length > 0 ? { details: { ...error.details } } : {}),
});

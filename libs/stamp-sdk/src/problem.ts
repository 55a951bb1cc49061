import type { Problem } from '@lapidary/contracts/api/common';
import type { AppError } from '@lapidary/kernel/app-error';

export const problemContentType = 'application/problem+json; charset=utf-8';

/** RFC 9457 body of an error, for what agents and workloads answer themselves. Internal texts stay inside. */
export const problemOf = (error: AppError, requestId?: string | null): Problem => ({
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

import type { Problem } from '@lapidary/contracts/api/common';
import type { AppError } from '@lapidary/kernel/app-error';

/** Where a code's runbook stands; the type URI of RFC 9457 names it. */
const problemTypeOf = (code: string): string => `/docs/runbooks/${code}`;

/** What the caller sees of an error: never `internal`, never the cause. */
export const problemOf = (error: AppError, requestId: string): Problem => ({
  type: problemTypeOf(error.code),
  title: error.entry.title,
  status: error.entry.status,
  detail: error.message,
  code: error.code,
  check: error.entry.check,
  retry: error.entry.retry,
  requestId,
  ...(error.fields.length > 0 ? { fields: [...error.fields] } : {}),
  ...(Object.keys(error.details).length > 0 ? { details: { ...error.details } } : {}),
});

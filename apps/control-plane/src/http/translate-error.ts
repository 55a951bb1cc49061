import { fromDatabaseError } from '@lapidary/db/database-error';
import { AppError, isAppError } from '@lapidary/kernel/app-error';
import { HttpException } from '@nestjs/common';
import { z } from 'zod';

/** A tenant with every label at its longest has some 9 kB; nothing we take is larger than this. */
export const bodyBytesMax = 64 * 1024;

/** Refusals that Fastify or Nest make before our code is asked. */
const byFastifyCode: Readonly<Record<string, () => AppError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new AppError('body_too_large', `A request body may have ${bodyBytesMax} bytes`),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new AppError('invalid_input', 'Send the body as application/json'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => new AppError('invalid_input', 'The body is empty; send JSON, or no content-type'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => new AppError('invalid_input', 'The body is not valid JSON'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => new AppError('invalid_input', 'The body is not as long as Content-Length says'),
};

export const fromIssues = (issues: readonly { readonly message: string; readonly path?: readonly unknown[] }[]): AppError => {
  const fields = issues.map((issue) => ({ path: (issue.path ?? []).map(segmentText).join('.'), message: issue.message }));
  const detail = fields.map((f) => (f.path === '' ? f.message : `${f.path}: ${f.message}`)).join('; ');
  return new AppError('invalid_input', detail, { fields });
};

const segmentText = (segment: unknown): string =>
  String(typeof segment === 'object' && segment !== null && 'key' in segment ? segment.key : segment);

const fromHttpException = (error: HttpException): AppError => {
  const status = error.getStatus();
  if (status === 404) return new AppError('not_found', 'There is nothing at this address');
  if (status === 413) return byFastifyCode.FST_ERR_CTP_BODY_TOO_LARGE!();
  if (status === 401) return new AppError('unauthenticated');
  if (status === 403) return new AppError('forbidden');
  if (status >= 400 && status < 500) return new AppError('invalid_input', error.message);
  return new AppError('internal', undefined, { internal: error.message, cause: error });
};

/** Anything thrown while a request was answered, as the one error type. What nobody meant to throw becomes `internal`. */
export const translateError = (error: unknown): AppError => {
  if (isAppError(error)) return error;
  if (error instanceof z.ZodError) return new AppError('internal', undefined, { internal: error.message, cause: error });
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? byFastifyCode[code] : undefined;
  if (known) return known();
  if (error instanceof HttpException) return fromHttpException(error);
  if (error instanceof SyntaxError && statusCode === 400) return byFastifyCode.FST_ERR_CTP_INVALID_JSON_BODY!();
  if (typeof code === 'string' && code.startsWith('FST_') && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new AppError('invalid_input', error instanceof Error ? error.message : undefined);
  }
  return fromDatabaseError(error);
};

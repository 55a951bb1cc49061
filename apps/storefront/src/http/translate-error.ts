import { HttpException } from '@nestjs/common';
import { fromDatabaseError } from '@lapidary/db/database-error';
import { sqlStateOf } from '@lapidary/db/transaction';
import { AppError, isAppError } from '@lapidary/kernel/app-error';

/** The longest order (100 lines) has some 9 kB. */
export const bodyBytesMax = 64 * 1024;

/** Postgres stores no NUL: character_not_in_repertoire in text, untranslatable_character in jsonb. */
const unstorableText = new Set(['22021', '22P05']);

interface Issue {
  readonly message: string;
  readonly path?: readonly unknown[];
}

const segmentText = (segment: unknown): string =>
  String(typeof segment === 'object' && segment !== null && 'key' in segment ? segment.key : segment);

export const fromIssues = (issues: readonly Issue[]): AppError => {
  const fields = issues.map((issue) => ({ path: (issue.path ?? []).map(segmentText).join('.'), message: issue.message }));
  return new AppError('invalid_input', fields.map((f) => (f.path === '' ? f.message : `${f.path}: ${f.message}`)).join('; '), { fields });
};

/** Anything thrown while a request was answered, as the one error type. What nobody meant to throw becomes `internal`. */
export const translateError = (error: unknown): AppError => {
  if (isAppError(error)) return error;
  const status = statusOf(error);
  if (status === 404) return new AppError('not_found', 'There is nothing at this address');
  if (status === 413) return new AppError('body_too_large', `A request body may have ${bodyBytesMax} bytes`);
  if (status >= 400 && status < 500) return new AppError('invalid_input', error instanceof Error ? error.message : undefined);
  if (unstorableText.has(sqlStateOf(error) ?? '')) return new AppError('invalid_input', 'Text may not contain the character U+0000');
  return fromDatabaseError(error);
};

/** Nest and Fastify carry the status they would answer with; 500 where there is none. */
const statusOf = (error: unknown): number => {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : 500;
};

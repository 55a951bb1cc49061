import { AppError } from '@lapidary/kernel/app-error';

/** Pages go by the last key seen, so that rows which come or go in between neither repeat nor hide others. */
export const encodeCursor = (lastKey: string): string => Buffer.from(JSON.stringify([lastKey])).toString('base64url');

export const decodeCursor = (cursor: string | undefined): string | null => {
  if (cursor === undefined) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') return value[0];
  } catch {
    // Falls through to the refusal: what can't be parsed is no cursor of ours.
  }
  throw new AppError('invalid_input', 'The cursor is not one that was given out', {
    fields: [{ path: 'cursor', message: 'use "next" of the page before' }],
  });
};

/** `rows` were asked for with limit + 1: the extra row says that there is a next page. */
export const pageFrom = <R, T>(
  rows: readonly R[],
  limit: number,
  keyOf: (row: R) => string,
  view: (row: R) => T,
): { items: T[]; next: string | null } => {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(view), next: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
};

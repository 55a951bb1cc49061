import { AppError } from '@lapidary/kernel/app-error';

/**
 * Where a page ended in a list that goes by a time and then by id: so that the next one goes on there among rows of one moment too. The time is text,
 * since a time of JavaScript would lose the microseconds that the order goes by.
 */
export const placeSql = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || ' ' || id`;

const form = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}) (.+)$/s;

/** Time and id of a place, for `(column, id) < ($time, $id)`. Throws invalid_input for what was not given out. */
export const readPlace = (place: string): readonly [time: string, id: string] => {
  const [, time, id] = form.exec(place) ?? [];
  if (time !== undefined && id !== undefined) return [`${time}Z`, id];
  throw new AppError('invalid_input', 'The cursor is not one that was given out', {
    fields: [{ path: 'cursor', message: 'use "next" of the page before' }],
  });
};

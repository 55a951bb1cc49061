import { AppError, toAppError } from '@lapidary/kernel/app-error';
import { databaseRefusal } from './database-refusal.js';
import { sqlStateOf } from './transaction.js';

/** The caller comes back when a burst is over. */
const retryAfterSeconds = 1;

/** Classes of SQLSTATE (first two characters) that mean: the server is not there, or is going away or not taking more. */
const awayClasses = new Set(['08', '53', '57']);
const queryCanceled = '57014';
const lockNotAvailable = '55P03';
/** What PostgreSQL says of a NUL in a text, and in a JSON value. */
const nulStates = new Set(['22021', '22P05']);
/** Raised by the database itself while a restored region is fenced (migration 0061). */
const fencedState = 'LP001';
/** The same of a region that the others have given up (migration 0099). */
const givenUp = /this region was given up/;
/** A region whose peers are heard is through in seconds. */
const fencedRetrySeconds = 5;
const awaySystemCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'ENOENT', 'EAI_AGAIN']);
/** pg and pg-pool throw these as plain errors without a code. */
const poolExhausted = /timeout exceeded when trying to connect/i;
const connectionLost = /connection terminated|client was closed|connection ended|not queryable|DataSource is not|driver not connected/i;

/** Whether the database refused an event since its region is fenced. */
export const isFencedError = (error: unknown): boolean => sqlStateOf(error) === fencedState;

/**
 * Turns whatever a query threw into the AppError that says the truth to the caller: a database that is away is
 * "not ready", one that is too busy is "overloaded"; neither is a fault in the request or in our code. A text that it can't hold is "invalid input".
 */
export const fromDatabaseError = (error: unknown): AppError => {
  const app = toAppError(error);
  const internal = (error as { message?: unknown } | null)?.message;
  if (app.code !== 'internal' || typeof internal !== 'string') return app;
  const state = sqlStateOf(error);
  if (poolExhausted.test(internal) || state === lockNotAvailable || state === queryCanceled) {
    return new AppError('overloaded', undefined, { internal, cause: error, retryAfterSeconds });
  }
  if (state === fencedState && givenUp.test(internal)) return new AppError('region_given_up', undefined, { internal, cause: error });
  if (state === fencedState)
    return new AppError('region_restored', undefined, { internal, cause: error, retryAfterSeconds: fencedRetrySeconds });
  if (state !== undefined && nulStates.has(state))
    return new AppError('invalid_input', 'A text may not hold the character U+0000', { internal, cause: error });
  const refusal = databaseRefusal(error);
  if (refusal !== null) return new AppError('not_ready', `The database refuses: ${refusal}`, { internal, cause: error, retryAfterSeconds });
  const away = state === undefined ? connectionLost.test(internal) : awaySystemCodes.has(state) || awayClasses.has(state.slice(0, 2));
  return away ? new AppError('not_ready', 'The database is not reachable', { internal, cause: error, retryAfterSeconds }) : app;
};

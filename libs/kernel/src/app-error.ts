import type { CatalogueEntry } from './catalogue-entry.js';
import { errorCatalogue, type ErrorCode } from './error-catalogue.js';

export interface FieldProblem {
  /** Dotted path to the value, "" for the whole. */
  readonly path: string;
  readonly message: string;
}

export interface AppErrorOptions {
  /** For logs only; never shown to the caller. */
  readonly internal?: string;
  /** Field by field, shown to the caller. */
  readonly fields?: readonly FieldProblem[];
  /** Further public facts, for example { jobId }. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Seconds after which a repeat makes sense; becomes Retry-After. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** The only error type that is thrown on purpose. `message` is public; `internal` is not. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly internal: string | undefined;
  readonly fields: readonly FieldProblem[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message?: string, options: AppErrorOptions = {}) {
    super(message ?? errorCatalogue[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.internal = options.internal;
    this.fields = options.fields ?? [];
    this.details = options.details ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get entry(): CatalogueEntry {
    return errorCatalogue[this.code];
  }
}

export const isAppError = (error: unknown): error is AppError => error instanceof AppError;

/** Turns anything thrown into an AppError; what was not thrown on purpose becomes `internal` and keeps its cause for the log. */
export const toAppError = (error: unknown): AppError =>
  isAppError(error)
    ? error
    : new AppError('internal', undefined, { internal: error instanceof Error ? error.message : String(error), cause: error });

export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  auth: 3,
  notFound: 4,
  conflict: 5,
  timeout: 6,
  changes: 7,
  /** Accepted, not done yet: a script must not go on as if it were. */
  queued: 8,
} as const;

export interface CatalogueEntry {
  /** HTTP status of the problem+json answer. */
  readonly status: number;
  /** Exit code of stampctl. */
  readonly exit: number;
  /** Whether the same call may succeed later without anybody changing anything. Decides nak (true) or term (false). */
  readonly retry: boolean;
  readonly title: string;
  /** What the reader should look at, in plain words. */
  readonly check: string;
}

/** One line of the catalogue (error-catalogue.ts). */
export const entry = (status: number, exit: number, retry: boolean, title: string, check: string): CatalogueEntry => ({
  status,
  exit,
  retry,
  title,
  check,
});

/** That a request is the execution of another region's intent; sealed by this process, as who asks is (forwarded-principal.ts). */
export interface ClaimedIntent {
  /** Region that queued it, by the subject its message came on. */
  readonly origin: string;
  readonly id: string;
  /** RFC 3339 */
  readonly expiresAt: string;
}
